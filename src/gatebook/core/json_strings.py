"""The strings of a JSON text, names of members and values alike, by their number in it from 0.

Whatever walks the decoded value and counts along knows where in the text a string stands, and need
not carry its place about: it is looked for when a string has to be changed, or named.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

WHOLE: Final = -1
"""In place of the number of a string in a string: the outer one as a whole."""

STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
"""One string, as far as it is looked for from its beginning or from outside of one."""
_TEXT: Final = msgspec.json.Decoder(str)
# What has digits may be a secret, or somebody's number.
_SHOWN: Final = re.compile(r"[A-Za-z_$-]{1,40}")


def count(text: bytes) -> int:
    """How many strings there are in a JSON text that can be read."""
    return _quotes_only(text).count(b'"') // 2


def containers(text: bytes) -> int:
    """How many objects and arrays there are in a JSON text that can be read."""
    around = b"".join(_quotes_only(text).split(b'"')[::2])
    return around.count(b"[") + around.count(b"{")


def _quotes_only(text: bytes) -> bytes:
    """The text without escapes, so that a quote begins or ends a string."""
    if b"\\" not in text:
        return text
    return text.replace(b"\\\\", b"").replace(b'\\"', b"")


def rewritten(text: bytes, edits: Mapping[tuple[int, int], str]) -> bytes:
    """The text with other strings in place of those with these numbers, every other byte as it was.

    The second number is WHOLE, or that of a string in a string that holds JSON itself.
    """
    by_string: defaultdict[int, dict[tuple[int, int], str]] = defaultdict(dict)
    for (at, inner), new in edits.items():
        by_string[at][inner, WHOLE] = new
    parts: list[bytes] = []
    end = 0
    for number, found in enumerate(STRING.finditer(text)):
        if number in by_string:
            parts += [text[end : found.start()], _edited(found[0], by_string.pop(number))]
            end = found.end()
        if not by_string:
            break
    return b"".join([*parts, text[end:]])


def place_of(text: bytes, at: int, inner: int = WHOLE) -> str:
    """Where a string stands, such as `messages[2].content[0].text`; empty if there is none.

    Names that may be somebody's own words are not told, nor is the string where it is a name.
    """
    value = msgspec.json.decode(text)
    for number, (place, string) in enumerate(_strings(value)):
        if number == at:
            return f"{place}: {place_of(string.encode(), inner)}" if inner != WHOLE else place
    return ""


def _edited(token: bytes, edits: Mapping[tuple[int, int], str]) -> bytes:
    new = edits.get((WHOLE, WHOLE))
    if new is None:
        new = rewritten(_TEXT.decode(token).encode(), edits).decode()
    return msgspec.json.encode(new.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _strings(value: Any) -> Iterator[tuple[str, str]]:
    """Each string with its place, in the order of the text."""
    stack: list[Iterator[tuple[str, str | None, Any]]] = [iter((("", None, value),))]
    while stack:
        for around, name, held in stack[-1]:
            place = around
            if name is not None:
                yield f"{around}.*".lstrip("."), name
                place = f"{around}.{name if _SHOWN.fullmatch(name) else '*'}".lstrip(".")
            if isinstance(held, str):
                yield place, held
            elif isinstance(held, dict | list):
                stack.append(_held(place, held))
                break
        else:
            stack.pop()


def _held(place: str, value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, str | None, Any]]:
    """What is in an object or an array: where, by what name if it has one, and the value."""
    if isinstance(value, dict):
        return ((place, name, held) for name, held in value.items())
    return ((f"{place}[{index}]", None, held) for index, held in enumerate(value))
