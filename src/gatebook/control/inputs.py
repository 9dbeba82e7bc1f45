"""The kinds of text commands take, and how untrusted values become a command.

Each kind names itself in its `title`, which is what somebody reads who typed something else.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from gatebook.control.command import Command
from gatebook.core.errors import Invalid
from gatebook.core.secret import Secret
from gatebook.identity.settings import MAX_GRACE_SECONDS

Slug = Annotated[
    str,
    Meta(
        title="at most 40 lower-case letters, digits and single hyphens",
        pattern=r"\A[a-z0-9](-?[a-z0-9])*\Z",
        max_length=40,
    ),
]
Line = Annotated[
    str, Meta(title="one line of at most 400 characters", min_length=1, max_length=400)
]
Email = Annotated[
    str,
    Meta(
        title="an e-mail address",
        pattern=r"\A[!-?A-~]+@[A-Za-z0-9][A-Za-z0-9.-]*\Z",
        max_length=254,
    ),
]
ModelPattern = Annotated[
    str,
    Meta(
        title="the name of a model, in which * stands for anything",
        pattern=r"\A[A-Za-z0-9*._:/@+-]+\Z",
        max_length=100,
    ),
]
ModelName = Annotated[
    str,
    Meta(
        title="the name of a model",
        pattern=r"\A([A-Za-z0-9][A-Za-z0-9._:/@+-]*)?\Z",
        max_length=128,
    ),
]

NamePattern = Annotated[
    str,
    Meta(
        title="a name, in which * stands for anything",
        pattern=r"\A[A-Za-z0-9*._:/@+-]+\Z",
        max_length=100,
    ),
]

Ceiling = Annotated[
    str,
    Meta(
        title="such as 20usd/month, 60requests/minute, 100000tokens/day or 5concurrent",
        pattern=r"\A([0-9]{1,9}(\.[0-9]{1,6})?usd|[0-9]{1,12}(requests|tokens))/(minute|day|month)\Z"
        r"|\A[0-9]{1,6}concurrent\Z",
    ),
]
Dollars = Annotated[
    str,
    Meta(title="an amount of US dollars such as 2.50", pattern=r"\A[0-9]{1,6}(\.[0-9]{1,6})?\Z"),
]

RuleText = Annotated[
    str,
    Meta(
        title="such as secret=block, detector:iban=mask, 'blind:*=record' or threat=flag",
        pattern=r"\A((detector|blind):)?[a-z0-9_*]{1,60}=[a-z]{1,20}\Z",
    ),
]

KeyLife = Annotated[int, Meta(title="at least a minute", ge=60)]
Grace = Annotated[int, Meta(title="at most seven days", ge=0, le=MAX_GRACE_SECONDS)]

C = TypeVar("C", bound=Command)

_JOINERS: Final = "\u200c\u200d"
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def read_command(kind: type[C], values: Mapping[str, Any]) -> C:
    """A command from untrusted values; raises Invalid, saying which field is wrong and why."""
    for field, text in _texts(values):
        if not is_plain(text):
            raise Invalid("input_unprintable", f"{field} holds characters that cannot be shown.")
    try:
        return msgspec.convert(values, kind, dec_hook=_keep_secret)
    except msgspec.ValidationError as error:
        raise _wrong(kind, str(error)) from None


def is_plain(text: str) -> bool:
    """Whether text is free of control, direction and surrogate characters, which can deceive."""
    return not any(
        unicodedata.category(char) in _UNPRINTABLE and char not in _JOINERS for char in text
    )


def _texts(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field, value in values.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, str):
                yield field, item


def _wrong(kind: type[Command], error: str) -> Invalid:
    """What a validation error means, in the words of the field's type where it has some."""
    missing = re.fullmatch(r"Object missing required field `(\w+)`.*", error)
    if missing is not None:
        return Invalid("input_missing", f"{missing[1]} is missing.")
    reason, _, path = error.partition(" - at `$.")
    field = path.rstrip("`").partition("[")[0]
    title = _title(kind, field)
    if title:
        return Invalid("input_invalid", f"{field} has to be {title}.")
    return Invalid("input_invalid", f"{field}: {reason}." if field else f"{reason}.")


def _title(kind: type[Command], field: str) -> str:
    schema = msgspec.json.schema(kind, schema_hook=lambda _: {"type": "string"})
    found = schema["$defs"][kind.__name__]["properties"].get(field, {})
    choices = (found, *found.get("anyOf", ()))
    for inner in (*(choice.get("items", {}) for choice in choices), *choices):
        if "title" in inner:
            return str(inner["title"])
    return ""


def _keep_secret(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, Secret):
        return value
    raise msgspec.ValidationError("a secret comes from a file or a prompt")
