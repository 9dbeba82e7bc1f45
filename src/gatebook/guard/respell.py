"""Words spelled for the eye: digits and signs for letters, and letters that stand apart.

Both damage ordinary text, so they never replace it: ids, prices and lists keep a view of their own.
"""

import re
from collections import Counter
from itertools import product
from typing import Final

from gatebook.guard.effort import Effort
from gatebook.guard.english import likeness
from gatebook.guard.found import Found

_MOST_WORDS: Final = 2_048
_LONGEST_WORD: Final = 24
_MOST_DOUBTS: Final = 3
_WORDLIKE: Final = 5.0
_MANY: Final = 3
"""Words with digits inside; where so many are, numbers are words too."""

_FOR_LETTERS: Final = bytes.maketrans(b"0123456789@$!|", b"oizeasgtbgasil")
_IN_DOUBT: Final = b"1|"
"""It stands for i and for l."""
_RATHER_I: Final = 0.3
_LONGEST_HEX: Final = 9
_HEX: Final = b"0123456789abcdefABCDEF"
_MARKED: Final = bytes(
    ord("a") if bytes([c]).isalpha() else ord("1") if c in b"0123456789@$!|" else ord(" ")
    for c in range(256)
)
_IN_A_WORD: Final = b"a1a"
_WORD: Final = re.compile(rb"(?<![a1])(?:a{1,23}+1|1{1,8}+a)[a1]{0,23}+(?![a1])")
_NUMBER: Final = re.compile(rb"(?<![0-9A-Za-z@$!|])[0-9]{1,3}+(?![0-9A-Za-z@$!|])")

_LETTERS: Final = bytes(
    ord("a") if bytes([c]).isalnum() or c == ord("?") else ord(" ") for c in range(256)
)
_APART: Final = re.compile(rb" a(?: a a a| {2}a {2}a {2}a| {3}a {3}a {3}a) ")
# Between letters: signs, spaces and dashes, and no marks, which are parts of letters.
_BETWEEN: Final = r"[^0-9A-Za-z\u00c0-\u1fff\u2c00-\uffff\U00010000-\U0010ffff]"
_SPACED: Final = re.compile(rf"(?<![^\W_])[^\W_](?:{_BETWEEN}{{1,5}}[^\W_](?![^\W_])){{3,}}+")
_GAP: Final = re.compile(rf"{_BETWEEN}+")


def together(text: str, raw: bytes, effort: Effort) -> list[Found]:
    """Letters that stand apart as words; what parts them most often is between letters."""
    shape = b" %b " % raw.translate(_LETTERS)
    if not _APART.search(shape):
        return []
    matches = effort.first(_SPACED.finditer(text), _MOST_WORDS)
    return [Found(*match.span(), _joined(match[0])) for match in matches]


def _joined(spaced: str) -> str:
    gaps = Counter(_GAP.findall(spaced))
    between_letters = max(gaps, key=lambda gap: (gaps[gap], -len(gap)))
    return _GAP.sub(lambda gap: "" if gap[0] == between_letters else " ", spaced)


def without_leet(raw: bytes, effort: Effort) -> list[Found]:
    """Words in which digits stand where letters do; `raw` has a byte for a code point."""
    shape = raw.translate(_MARKED)
    if _IN_A_WORD not in shape:
        return []
    spans = [match.span() for match in effort.first(_WORD.finditer(shape), _MOST_WORDS)]
    inside = [span for span in spans if _IN_A_WORD in shape[slice(*span)]]
    read = [each for span in inside if (each := _read(raw, *span))]
    if len(spans) < _MANY or not read:
        return [each for each in read if likeness(each.text.encode()) >= _WORDLIKE]
    words = read + [each for span in spans if span not in inside and (each := _read(raw, *span))]
    words.sort()
    numbers = [
        Found(*match.span(), match[0].translate(_FOR_LETTERS).decode())
        for match in effort.first(_NUMBER.finditer(raw, words[0].start, words[-1].end), _MOST_WORDS)
    ]
    return sorted(words + numbers)


def _read(raw: bytes, start: int, end: int) -> Found | None:
    """A word with letters for what stands in for them, if that looks like one."""
    word = raw[start:end].rstrip(b"!")
    if (b"@" in word and raw[end : end + 1] == b".") or (
        len(word) > _LONGEST_HEX and not word.translate(None, _HEX)
    ):
        return None
    doubts = [at for at, code in enumerate(word) if code in _IN_DOUBT][:_MOST_DOUBTS]
    readings = []
    for choice in product(b"il", repeat=len(doubts)):
        reading = bytearray(word.translate(_FOR_LETTERS))
        for at, code in zip(doubts, choice, strict=True):
            reading[at] = code
        readings.append(bytes(reading))
    best = max(readings, key=lambda reading: likeness(reading) - _RATHER_I * reading.count(b"l"))
    return None if best == word else Found(start, start + len(word), best.decode())
