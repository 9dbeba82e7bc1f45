"""A JSON object somebody else wrote, looked into and edited without being written anew.

Whatever is not edited keeps its bytes. Two readings of one text are how a filter is fooled, so what
readers disagree on is refused here: a member that appears twice, or once more in other case, bad
UTF-8, absurd nesting.
"""

import re
from collections.abc import Collection
from typing import Final, NamedTuple, TypeVar

import msgspec

from gatebook.core.errors import Invalid

T = TypeVar("T")

MAX_DEPTH: Final = 64
MAX_MEMBERS: Final = 256

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NAME: Final = msgspec.json.Decoder(str)

_MEMBER: Final = re.compile(rb'[ \t\n\r]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\n\r]*+:[ \t\n\r]*+')
_AFTER: Final = re.compile(rb"[ \t\n\r]*+([,}])")
# A run of text and whole strings, then one bracket or colon; an unterminated string eats the rest,
# so that matching stays linear whatever the input.
_STRUCTURE: Final = re.compile(
    rb'(?:[^"\[\]{}:]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+(?:([\[\]{}:])|".*+\Z|\Z)', re.DOTALL
)


class Span(NamedTuple):
    """Where a value stands in its text."""

    start: int
    end: int


def check(text: bytes) -> None:
    """Raise Invalid for what must not reach a parser: nothing, bad UTF-8, too deep, too much."""
    if not text.strip():
        raise Invalid("json_missing", "There is no JSON.", "Send a JSON object.")
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise Invalid(
                "json_utf8", f"The JSON is not UTF-8 (byte {error.start}).", "Encode it as UTF-8."
            ) from None
    openers = text.count(b"{") + text.count(b"[")
    if openers > MAX_DEPTH or text.count(b":") > MAX_MEMBERS:
        _check_structure(text)


def members(text: bytes) -> dict[str, Span]:
    """Where the value of each member of an object stands; raises Invalid unless each is unique."""
    found = _decode(text)
    spans = {}
    at = text.index(b"{") + 1
    for name, raw in found.items():
        match = _MEMBER.match(text, at)
        if match is None or _NAME.decode(match[1]) != name:
            raise _twice()
        span = Span(match.end(), match.end() + len(raw))
        after = _AFTER.match(text, span.end)
        if text[span.start : span.end] != bytes(raw) or after is None:
            raise _twice()
        spans[name] = span
        at = after.end()
    # The decoder keeps one of two members with one name, so what is left over is another one.
    if found and text[at - 1 : at] != b"}":
        raise _twice()
    return spans


def check_unique(text: bytes, acted_on: Collection[str]) -> None:
    """Raise Invalid unless every member of the object has a name of its own; see check_case."""
    found = _decode(text)
    check_case(found, acted_on)
    # `"name":value,` for each and nothing else: no room for a second member with the same name,
    # for an escape in a name or for white space. Most clients write so, and it is quick to see.
    if len(text) != 1 + sum([len(name) + len(raw) + 4 for name, raw in found.items()]):
        members(text)


def check_case(names: Collection[str], acted_on: Collection[str]) -> None:
    """Raise Invalid for names that differ only in case, from one another or from one acted on.

    Go's reader takes `MODEL` for `model`, also with U+017F for s or U+212A for k, and the last one
    counts. `str.casefold` folds all that it does.
    """
    # Folding goes letter by letter, so that all names are looked at in one go. Where it changes
    # nothing, names that differ go on to differ: most clients write so, and it is quick to see.
    together = "".join(names)
    if together == together.casefold():
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


def decode(decoder: msgspec.json.Decoder[T], text: bytes) -> T:
    """What a decoder makes of a text; raises Invalid."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise Invalid("invalid_value", f"{error}.") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("json_malformed", f"The JSON cannot be read: {error}.") from None


def _decode(text: bytes) -> dict[str, msgspec.Raw]:
    return decode(_OBJECT, text)


def _check_structure(text: bytes) -> None:
    depth = names = 0
    for match in _STRUCTURE.finditer(text):
        match match[1]:
            case b"{" | b"[":
                depth += 1
            case b"}" | b"]":
                depth -= 1
            case b":" if depth == 1:
                names += 1
        if depth > MAX_DEPTH:
            raise Invalid("json_too_deep", f"JSON is nested more than {MAX_DEPTH} levels deep.")
        if names > MAX_MEMBERS:
            raise Invalid("json_too_many_members", f"JSON has more than {MAX_MEMBERS} members.")


def _twice() -> Invalid:
    return Invalid(
        "json_duplicate_member", "A member of the JSON object appears twice.", "Send it once."
    )
