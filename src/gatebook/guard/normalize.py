"""A text as a reader takes it: without what is invisible, and with ASCII for what looks like it.

Unicode's compatibility forms (NFKC) character by character, accents off Latin letters, whole
categories of what nobody sees, tag characters as the ASCII they carry, one kind of space, quote and
dash, and letters of other scripts where they stand in for Latin ones (UTS 39). Marks and letters of
scripts in their own words stay. Case stays. Read `normalized` first.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from itertools import chain, islice
from string import ascii_lowercase
from typing import Final, NamedTuple

from gatebook.guard.confusables import BY_SHAPE, LOOKALIKES
from gatebook.guard.offsets import Edit, Offsets

_LONGEST_FOLD: Final = 3
"""What NFKC makes longer stays: a text must not grow eighteen times by being looked at."""
_WORDS_JUDGED: Final = 20_000
"""Words with letters beyond ASCII; beyond it every lookalike is folded, whatever it stands in."""

_AS_ASCII: Final = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u2035\u02b9\u02bb\u02bc\u02c8\u00b4",
    '"': "\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\u02ba",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\u2796\ufe58",
    ".": "\u00b7\u2022\u2027\u2219\u22c5",
    "/": "\u2044\u2215",
    ":": "\u2236\u02d0",
    "|": "\u2223",
    "*": "\u2217",
    "<": "\u2039",
    ">": "\u203a",
    " ": "\u2800",
    # Letters of upside-down text whose names say something else; the others are "turned" ones.
    "c": "\u0254",
    "f": "\u025f",
    "g": "\u0183",
    "l": "\u0285",
    "ae": "\u00e6",
    "AE": "\u00c6",
    "oe": "\u0153",
    "OE": "\u0152",
}
_BRAILLE: Final = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵"
_TYPOGRAPHIC: Final = {
    char: ascii_ for ascii_, chars in _AS_ASCII.items() for char in chars
} | dict(zip(_BRAILLE, ascii_lowercase, strict=True))
_LATIN: Final = re.compile(
    r"(?:(LATIN CAPITAL LETTER|NEGATIVE (?:SQUARED|CIRCLED) LATIN CAPITAL LETTER"
    r"|REGIONAL INDICATOR SYMBOL LETTER)|LATIN SMALL LETTER|LATIN LETTER)"
    r"(?: (?:ANGLICANA|BARRED|BLACKLETTER|BROKEN|CLOSED|DOTLESS|EGYPTOLOGICAL|HALF|INSULAR|INVERTED"
    r"|OPEN|REVERSED|SCRIPT|SIDEWAYS|SMALL CAPITAL|STRETCHED|TURNED|VISIGOTHIC|VOLAPUK))*"
    r" ([A-Z])(?: WITH .+| ROTUNDA)?"
)
_INVISIBLE: Final = re.compile(
    # Joined to any script: combining marks, and what Unicode lists as ignorable beside Cf.
    "[\u0300-\u036f\u0483-\u0489\u115f\u1160\u17b4\u17b5\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20ff\u3164\ufe00-\ufe0f\ufe20-\ufe2f\uffa0\ufff0-\ufffc\U000e0000-\U000e0fff"
    # The stroke that only makes an Arabic word longer.
    "\u0640]"
)
# Not of a word, a space or ASCII: marks are among these, and no mark is among others.
_AFTER_MARKS: Final = r"[^\w\s\x00-\x7f]"
_LONG_MARKS: Final = re.compile(
    rf"({_AFTER_MARKS}(?<!{_AFTER_MARKS}{{2}}){_AFTER_MARKS}{{29}})({_AFTER_MARKS}++)"
)
# What may change its length in NFC: Korean syllables, what Unicode composes no more, and marks.
_CLUSTER: Final = re.compile(
    "[\u1100-\u11ff\uac00-\ud7a3]++|(?:[\u0340-\u0387\u0958-\u0fb9\u1f71-\u2001\u2126-\u2adc"
    "\uf900-\ufb4e\U0001d15e-\U0001d1c0\U0002f800-\U0002fa1f]"
    rf"{_AFTER_MARKS}*+|.?{_AFTER_MARKS}++)",
    re.DOTALL,
)
_FOREIGN: Final = re.compile(r"[^\W\d_\x00-\x7f][^\W\d_]*+")
_MIXED: Final = re.compile(r"[^\W\d_\x00-\x7f](?:[A-Za-z]|(?<=[A-Za-z].))")
_ASCII_LETTER: Final = re.compile("[A-Za-z]")


class _Step(NamedTuple):
    """One rewriting of the whole text, and what it edits, asked only for the way back."""

    apply: Callable[[str], str]
    edits: Callable[[str], Iterable[Edit]]


class Normalized:
    """The text a reader takes it for, and the way back."""

    def __init__(self, text: str) -> None:
        self._before = text
        for step in _STEPS:
            text = step.apply(text)
        # One letter for one letter, so that the way back does not need to know.
        self.text: Final = text if text.isascii() else _without_lookalikes(text)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of it comes from in the original."""
        for offsets in self._ways_back:
            start, end = offsets.source(start, end)
        return start, end

    @cached_property
    def _ways_back(self) -> list[Offsets]:
        text, found = self._before, []
        for step in _STEPS:
            after = step.apply(text)
            if after != text:
                found.append(Offsets(step.edits(text)))
            text = after
        return found[::-1]


def normalized(text: str) -> Normalized:
    """The text as a reader takes it; equal to the text where there is nothing to do."""
    return Normalized(text)


def _composed(text: str) -> str:
    """Letter and mark as one character (NFC), with marks as few as UAX 15 takes for safe."""
    if unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", _LONG_MARKS.sub(_capped, text))


def _capped(match: re.Match[str]) -> str:
    """Sorting marks takes the square of their number."""
    return match[1] + "".join(char for char in match[2] if not unicodedata.combining(char))


def _compositions(text: str) -> Iterator[Edit]:
    for match in _CLUSTER.finditer(text):
        if (size := len(_composed(match[0]))) != len(match[0]):
            yield (*match.span(), size)


class _Folds(dict[int, str]):
    """What each character becomes by itself; filled as characters are seen."""

    def __missing__(self, code: int) -> str:
        if 0x20000 <= code < 0xE0000 or code >= 0xF0000:  # nothing to fold but rare ideographs
            return chr(code)
        self[code] = folded = _fold(chr(code))
        return folded


def _fold(char: str) -> str:
    if char.isascii():
        return _fold_control(char)
    if "\U000e0020" <= char <= "\U000e007e":
        return chr(ord(char) - 0xE0000)
    if char in _TYPOGRAPHIC:
        return _TYPOGRAPHIC[char]
    category = unicodedata.category(char)
    if category in ("Cf", "Cc") or _INVISIBLE.match(char):
        return "\n" if char == "\x85" else ""
    if category[0] == "Z":
        return " " if category == "Zs" else "\n"
    digit = unicodedata.decimal(char, None)
    return str(digit) if digit is not None else _fold_letter(char)


def _fold_control(char: str) -> str:
    if char in "\v\f":
        return " "
    return char if char.isprintable() or char in "\t\n\r" else ""


def _fold_letter(char: str) -> str:
    compatible = unicodedata.normalize("NFKC", char)
    if compatible != char:
        return "".join(map(_fold, compatible)) if len(compatible) <= _LONGEST_FOLD else char
    if latin := _LATIN.fullmatch(unicodedata.name(char, "")):
        return latin[2] if latin[1] else latin[2].lower()
    return char


def _resized(text: str) -> Iterator[Edit]:
    for at, char in enumerate(text):
        if (size := len(_FOLDS[ord(char)])) != 1:
            yield at, at + 1, size


@cache
def _marks_on_latin() -> re.Pattern[str]:
    """Marks of other scripts, where they stand on a Latin letter."""
    codes = chain(range(0x590, 0x1B00), range(0xA66F, 0xABEE))
    marks = "".join(chr(code) for code in codes if unicodedata.category(chr(code)) == "Mn")
    return re.compile(f"[{marks}](?<=[A-Za-z].)[{marks}]*+")


def _bare(text: str) -> str:
    return text if text.isascii() else _marks_on_latin().sub("", text)


def _bared(text: str) -> Iterator[Edit]:
    return ((*match.span(), 0) for match in _marks_on_latin().finditer(text))


def _by_code(*tables: dict[str, str]) -> dict[int, str]:
    rows = chain.from_iterable(table.items() for table in tables)
    return {ord(char): ascii_ for ascii_, chars in rows for char in chars}


def _without_lookalikes(text: str) -> str:
    """ASCII for letters that look like it, in words that are partly Latin or pass for it."""
    if not _ASCII_LETTER.search(text):
        return text
    judge = _judged_among_mixed if _MIXED.search(text) else _judged
    judged, words = _FOREIGN.subn(judge, text, _WORDS_JUDGED)
    if words < _WORDS_JUDGED:
        return judged
    end = next(islice(_FOREIGN.finditer(text), words - 1, None)).end()
    return judged[:end] + text[end:].translate(_EVERY_LOOKALIKE)


def _judged_among_mixed(match: re.Match[str]) -> str:
    """A word, or its rest from where it is no longer ASCII; others of the text mix scripts."""
    word, start = match[0], match.start()
    alike = word.translate(_EVERY_LOOKALIKE)
    before = match.string[start - 1 : start]
    if alike.isascii() or _ASCII_LETTER.search(word) or _ASCII_LETTER.match(before):
        return alike
    return word


def _judged(match: re.Match[str]) -> str:
    alike = match[0].translate(_LOOKALIKE)
    return alike if len(alike) > 2 and alike.isascii() else match[0]


_FOLDS: Final = _Folds()
_LOOKALIKE: Final = _by_code(LOOKALIKES)
_EVERY_LOOKALIKE: Final = _by_code(LOOKALIKES, BY_SHAPE)
_STEPS: Final = (
    _Step(_composed, _compositions),
    _Step(lambda text: text.translate(_FOLDS), _resized),
    _Step(_bare, _bared),
    # Halves of letters that had a width of their own are letters and marks only now.
    _Step(_composed, _compositions),
)
