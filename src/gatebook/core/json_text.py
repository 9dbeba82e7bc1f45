"""A JSON object somebody else wrote, looked into and edited without being written anew.

Whatever is not edited keeps its bytes. Two readings of one text are how a filter is fooled, so what
readers disagree on is refused here: a member that appears twice, or once more in other case, bad
UTF-8, absurd nesting.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

import msgspec

from gatebook.core.errors import Invalid

T = TypeVar("T")

MAX_DEPTH: Final = 64
MAX_MEMBERS: Final = 256
NULL: Final = msgspec.Raw(b"null")
_QUOTE: Final = ord('"')

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OBJECTS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_VALUES: Final = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT: Final = msgspec.json.Decoder(str)
_UNSET: Final = (NULL, msgspec.Raw(b"false"), msgspec.Raw(b"[]"))

_MEMBER: Final = re.compile(rb'[ \t\n\r]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\n\r]*+:[ \t\n\r]*+')
_AFTER: Final = re.compile(rb"[ \t\n\r]*+([,}])")
# A run of text and whole strings, then one bracket; an unterminated string eats the rest, so that
# matching stays linear whatever the input.
_STRUCTURE: Final = re.compile(
    rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+(?:([\[\]{}])|".*+\Z|\Z)', re.DOTALL
)
_ALIKE: Final = bytes.maketrans(b"[{]}", b"(())")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_SEEN_QUICKLY: Final = 20_000
"""Brackets; beyond it the quick look at depth is none."""


class Span(NamedTuple):
    """Where a value stands in its text."""

    start: int
    end: int


def check(text: bytes) -> None:
    """Raise Invalid for what must not reach a parser: nothing, bad UTF-8, too deep."""
    if not text.strip():
        raise Invalid("json_missing", "There is no JSON.", "Send a JSON object.")
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise Invalid(
                "json_utf8", f"The JSON is not UTF-8 (byte {error.start}).", "Encode it as UTF-8."
            ) from None
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH and not _is_shallow(text):
        _check_depth(text)


def tree(text: bytes) -> dict[str, Any]:
    """The whole object as Python has it; raises Invalid unless names are unique at every level.

    For what is decided on members further in; `check` has bounded how far in they can be.
    """
    try:
        found = _TREE.decode(text.decode())
    except (ValueError, RecursionError) as error:
        raise Invalid("json_malformed", f"The JSON cannot be read: {error}.") from None
    if not isinstance(found, dict):
        raise Invalid("invalid_value", "The JSON has to be an object.")
    return found


def members(text: bytes) -> dict[str, Span]:
    """Where the value of each member of an object stands; raises Invalid unless each is unique."""
    found = _decode(text)
    spans = {}
    at = text.index(b"{") + 1
    for name, raw in found.items():
        match = _MEMBER.match(text, at)
        if match is None or _TEXT.decode(match[1]) != name:
            raise twice()
        span = Span(match.end(), match.end() + len(raw))
        after = _AFTER.match(text, span.end)
        if text[span.start : span.end] != bytes(raw) or after is None:
            raise twice()
        spans[name] = span
        at = after.end()
    # The decoder keeps one of two members with one name, so what is left over is another one.
    if found and text[at - 1 : at] != b"}":
        raise twice()
    return spans


def check_unique(text: bytes, acted_on: Collection[str]) -> dict[str, msgspec.Raw]:
    """The members of an object; raises Invalid unless each has its own name, see check_case."""
    found = _decode(text)
    check_case(found, acted_on)
    if len(text) != _size([found]):
        squeezed = msgspec.json.format(text, indent=-1)
        if len(squeezed) != _size([_decode(squeezed)]):
            members(text)
    return found


def objects(text: msgspec.Raw | None, acted_on: Collection[str]) -> list[dict[str, msgspec.Raw]]:
    """The objects of an array, each as check_unique has it; none where it is missing or null.

    Raises Invalid, also for an array of anything else.
    """
    if text is None or text == NULL:
        return []
    found = decode(_OBJECTS, text)
    if _may_fold(set().union(*found)):
        for each in found:
            check_case(each, acted_on)
    commas = len(found) + 1
    if len(text) != _size(found) + commas:
        squeezed = msgspec.json.format(text, indent=-1)
        if len(squeezed) != _size(_OBJECTS.decode(squeezed)) + commas:
            for value in decode(_VALUES, text):
                members(bytes(value))
    return found


def objects_in(
    values: Iterable[msgspec.Raw | None], acted_on: Collection[str]
) -> list[dict[str, msgspec.Raw]]:
    """The objects of several arrays, as `objects` has them; a text in place of one has none."""
    arrays = [value for value in values if value is not None and memoryview(value)[0] != _QUOTE]
    if not arrays:
        return []
    # At one go, because there may be hundreds of them, each with one object.
    inner = [_inside(value).strip() for value in arrays if value != NULL]
    return objects(msgspec.Raw(b"[%b]" % b",".join(filter(None, inner))), acted_on)


def text_of(value: msgspec.Raw | None) -> str:
    """The text that a value is; empty where it is missing or null. Raises Invalid for others."""
    return "" if value is None or value == NULL else decode(_TEXT, value)


def object_of(value: msgspec.Raw | None, acted_on: Collection[str]) -> dict[str, msgspec.Raw]:
    """The members of the object that a value is, as check_unique has them; none for no value."""
    return {} if value is None or value == NULL else check_unique(bytes(value), acted_on)


def begins(value: msgspec.Raw | None, with_: bytes) -> bool:
    """Whether a value is there and begins with this byte, as each kind of JSON value does."""
    return value is not None and memoryview(value)[0] == with_[0]


def is_set(value: msgspec.Raw | None) -> bool:
    """Whether a value is there and asks for something: not null, false, or an empty array."""
    return value is not None and value not in _UNSET


def check_case(names: Collection[str], acted_on: Collection[str]) -> None:
    """Raise Invalid for names that differ only in case, from one another or from one acted on.

    Go's reader takes `MODEL` for `model`, also with U+017F for s or U+212A for k, and the last one
    counts. `str.casefold` folds all that it does.
    """
    if not _may_fold(names):
        return
    seen: set[str] = set()
    for name in names:
        folded = name.casefold()
        if folded in acted_on and name != folded:
            raise Invalid(
                "json_member_case",
                f"A member of the JSON object is named {folded} but for its case.",
                f"Write it as {folded}.",
            )
        if folded in seen:
            raise Invalid(
                "json_member_case",
                "Two members of the JSON object have names that differ only in case.",
                "Send one of them.",
            )
        seen.add(folded)


def replaced(text: bytes, span: Span, value: bytes) -> bytes:
    """The text with another value in that place."""
    return text[: span.start] + value + text[span.end :]


def with_first(text: bytes, member: bytes) -> bytes:
    """The text of an object with `"name":value` put before its other members."""
    at = text.index(b"{") + 1
    comma = b"" if text[at:].lstrip(b" \t\n\r").startswith(b"}") else b","
    return text[:at] + member + comma + text[at:]


def with_member(text: bytes, name: str, value: bytes) -> bytes:
    """The text of an object with a member that has that value, in its place if it was there."""
    if name not in _decode(text):
        return with_first(text, b'"%b":%b' % (name.encode(), value))
    return replaced(text, members(text)[name], value)


def decode(decoder: msgspec.json.Decoder[T], text: bytes) -> T:
    """What a decoder makes of a text; raises Invalid."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise Invalid("invalid_value", f"{error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("json_malformed", f"The JSON cannot be read: {error}.") from None


def twice() -> Invalid:
    """What to raise for a member that is there twice, so that two readers may take two values."""
    return Invalid(
        "json_duplicate_member", "A member of the JSON object appears twice.", "Send it once."
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise twice()
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_TREE: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _decode(text: bytes) -> dict[str, msgspec.Raw]:
    found = decode(_OBJECT, text)
    if len(found) > MAX_MEMBERS:
        raise Invalid("json_too_many_members", f"JSON has more than {MAX_MEMBERS} members.")
    return found


def _inside(array: msgspec.Raw) -> bytes:
    """What stands between the brackets; raises Invalid for what is no array."""
    if not begins(array, b"["):
        decode(_VALUES, array)
    return bytes(array)[1:-1]


def _size(objects: Iterable[Mapping[str, msgspec.Raw]]) -> int:
    """Bytes of objects that are `"name":value,` for each member and nothing else.

    That leaves no room for a second member with the same name, for an escape in a name or for white
    space. Most clients write so, and it is quick to see.
    """
    return sum(
        [1 + sum([len(name) + len(raw) + 4 for name, raw in each.items()]) for each in objects]
    )


def _may_fold(names: Iterable[str]) -> bool:
    """Whether two names may differ in case only, as far as is quick to see.

    Folding goes letter by letter, so that all names are looked at in one go. Where it changes
    nothing, names that differ go on to differ: most clients write so.
    """
    together = "".join(names)
    return together != together.casefold()


def _is_shallow(text: bytes) -> bool:
    """Whether nesting is seen at a glance to be within bounds; if not, it may still be.

    What stands between strings is cut down to its brackets, and one level of them goes at a time.
    """
    plain = text.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in text else text
    brackets = b"".join(plain.split(b'"')[::2]).translate(_ALIKE, _NO_BRACKETS)
    if len(brackets) > _SEEN_QUICKLY:
        return False
    for _ in range(MAX_DEPTH):
        if not brackets:
            break
        brackets = brackets.replace(b"()", b"")
    return not brackets


def _check_depth(text: bytes) -> None:
    depth = 0
    for match in _STRUCTURE.finditer(text):
        match match[1]:
            case b"{" | b"[":
                depth += 1
            case b"}" | b"]":
                depth -= 1
        if depth > MAX_DEPTH:
            raise Invalid("json_too_deep", f"JSON is nested more than {MAX_DEPTH} levels deep.")
