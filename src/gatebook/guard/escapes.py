"""Characters written as escapes: of URLs, HTML, JSON and programs, quoted-printable, U+ numbers."""

import html
import re
from collections.abc import Callable
from typing import Final

from gatebook.guard.effort import Effort
from gatebook.guard.found import Found

_MOST: Final = 20_000

# The escape of the escape sign itself may be there any number of times.
_PERCENT: Final = re.compile(r"%(?:25)*+[0-9A-Fa-f]{2}(?:%(?:25)*+[0-9A-Fa-f]{2})*+")
_ENTITIES: Final = re.compile(
    r"&(?:amp;)*+(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
    r"(?:&(?:amp;)*+(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)*+"
)
_PROGRAM: Final = re.compile(
    r"\\(?<!\\\\)(?:(?P<unit>\\*+u[0-9A-Fa-f]{4}(?:\\++u[0-9A-Fa-f]{4})*+)"
    r"|(?P<point>\\*+[ux]\{[0-9A-Fa-f]{1,6}\}(?:\\++[ux]\{[0-9A-Fa-f]{1,6}\})*+"
    r"|\\*+U[0-9A-Fa-f]{8}(?:\\++U[0-9A-Fa-f]{8})*+)"
    r"|(?P<byte>\\*+x[0-9A-Fa-f]{2}(?:\\++x[0-9A-Fa-f]{2})*+)"
    r"|(?P<octal>\\*+[0-3][0-7]{2}(?:\\++[0-3][0-7]{2})*+)"
    # In a text within a text, where the letter would stick to the word after it.
    r"|(?P<space>\\*+[nrt](?=[A-Za-z])))"
)
_NAMED: Final = re.compile(r"U\+[0-9A-Fa-f]{4,6}(?:[ ,]?U\+[0-9A-Fa-f]{4,6})*+")
# What is no longer than one byte is a query of a URL, and a sign before a space an assignment.
_QUOTED: Final = re.compile(r"=(?:[0-9A-F]{2}(?:=[0-9A-F]{2}|=\r?\n)++|(?<=[^\s=]=)\r?\n(?=\S))")
_NUMBER: Final = re.compile("[0-9A-Fa-f]{1,8}")
_OCTAL: Final = re.compile("[0-7]{3}")


def unescaped(text: str, effort: Effort) -> list[Found]:
    """What escapes stand for."""
    read = [
        Found(*match.span(), reader(match))
        for sign, pattern, reader in _ESCAPES
        if sign in text
        for match in effort.first(pattern.finditer(text), _MOST)
    ]
    return sorted(each for each in read if each.text != text[each.start : each.end])


def unquoted(text: str, effort: Effort) -> list[Found]:
    """What quoted-printable stands for."""
    if "=" not in text:
        return []
    matches = effort.first(_QUOTED.finditer(text), _MOST)
    return [Found(*match.span(), _bytes(match[0])) for match in matches]


def _percent(match: re.Match[str]) -> str:
    escape = re.sub("%(?:25)+", "%", match[0]) if "%25" in match[0] else match[0]
    # `%25` itself, which is a sign of per cent that no escape follows.
    pairs = escape[:-1] + "25" if escape.endswith("%") else escape
    return bytes.fromhex(pairs.replace("%", " ")).decode("utf-8", "replace")


def _entities(match: re.Match[str]) -> str:
    return html.unescape(re.sub("&(?:amp;)+", "&", match[0]))


def _program(match: re.Match[str]) -> str:
    return _READERS[match.lastgroup or ""](match[0])


def _named(match: re.Match[str]) -> str:
    return _code_points(match[0])


def _code_units(escape: str) -> str:
    """UTF-16, as JSON has it: what is beyond it comes in pairs."""
    units = b"".join(bytes.fromhex(number) for number in _NUMBER.findall(escape))
    return units.decode("utf-16-be", "replace")


def _code_points(escape: str) -> str:
    codes = (int(number, 16) for number in _NUMBER.findall(escape))
    return "".join(chr(code) if code < 0x110000 else "\ufffd" for code in codes)


def _bytes(escape: str) -> str:
    return bytes.fromhex("".join(_NUMBER.findall(escape))).decode("utf-8", "replace")


def _octal(escape: str) -> str:
    return bytes(int(number, 8) for number in _OCTAL.findall(escape)).decode("utf-8", "replace")


def _space(escape: str) -> str:
    del escape
    return " "


_ESCAPES: Final = (
    ("%", _PERCENT, _percent),
    ("&", _ENTITIES, _entities),
    ("\\", _PROGRAM, _program),
    ("U+", _NAMED, _named),
)
_READERS: Final[dict[str, Callable[[str], str]]] = {
    "unit": _code_units,
    "point": _code_points,
    "byte": _bytes,
    "octal": _octal,
    "space": _space,
}
