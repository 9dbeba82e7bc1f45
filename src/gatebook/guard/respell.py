"""Words spelled for the eye: digits and signs for letters, and letters that stand apart.

Both damage ordinary text, so they never replace it: ids, prices and lists keep a view of their own.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Final

from gatebook.guard.effort import Effort
from gatebook.guard.english import likeness
from gatebook.guard.found import Found

_MOST_WORDS: Final = 1_024
_LONGEST_SPACED: Final = 262_144
_LONGEST_WORD: Final = 24
_LONGEST_HEX: Final = 7
_MOST_DOUBTS: Final = 3
_WORDLIKE: Final = 5.0
_MANY: Final = 3
"""Words with signs in them; where so many are, each is read, and numbers are words too."""

_FOR_LETTERS: Final = bytes.maketrans(b"0123456789@$!|", b"oizeasgtbgasil")
_IN_DOUBT: Final = b"1|"
"""It stands for i and for l."""
_RATHER_I: Final = 0.3
_HEX: Final = b"0123456789abcdefABCDEF"
_MARKED: Final = bytes(
    ord("a") if bytes([code]).isalpha() else ord("1") if code in b"0123456789@$!|" else ord(" ")
    for code in range(256)
)
_IN_A_WORD: Final = b"a1a"
_NUMBER: Final = re.compile(rb"(?<![0-9A-Za-z@$!|])[0-9@]{1,3}+(?![0-9A-Za-z@$!|])")

_LETTERS: Final = bytes(
    ord("a") if bytes([code]).isalnum() or code == ord("?") else ord(" ") for code in range(256)
)
_APART: Final = [re.compile(b" a" + 3 * (gap * b" " + b"a") + b" ") for gap in (1, 2, 3)]
# Between letters: signs, spaces and dashes, and no marks, which are parts of letters.
_BETWEEN: Final = r"[^0-9A-Za-z\u00c0-\u1fff\u2c00-\uffff\U00010000-\U0010ffff]"
_SPACED: Final = re.compile(rf"(?<![^\W_])[^\W_](?:{_BETWEEN}{{1,5}}[^\W_](?![^\W_])){{3,}}+")
_GAP: Final = re.compile(rf"{_BETWEEN}+")


def together(text: str, raw: bytes, effort: Effort) -> list[Found]:
    """Letters that stand apart as words; what parts them most often is between letters."""
    shape = b" %b " % raw.translate(_LETTERS)
    if not any(apart.search(shape) for apart in _APART):
        return []
    if len(text) > _LONGEST_SPACED:
        effort.is_complete = False
    matches = effort.first(_SPACED.finditer(text, 0, _LONGEST_SPACED), _MOST_WORDS)
    spelled = (match for match in matches if _is_mostly_letters(match[0]))
    return [Found(*match.span(), _joined(match[0])) for match in spelled]


def _is_mostly_letters(spaced: str) -> bool:
    """A table of numbers is none."""
    return sum(map(str.isalpha, spaced)) > sum(map(str.isdigit, spaced))


def _joined(spaced: str) -> str:
    gaps = Counter(_GAP.findall(spaced))
    between_letters = max(gaps, key=lambda gap: (gaps[gap], -len(gap)))
    return _GAP.sub(lambda gap: "" if gap[0] == between_letters else " ", spaced)


def without_leet(raw: bytes, effort: Effort) -> list[Found]:
    """Words in which digits stand where letters do; `raw` has a byte for a code point."""
    shape = raw.translate(_MARKED)
    if _IN_A_WORD not in shape:
        return []
    inside = [
        _read(raw, start, end)
        for start, end in effort.first(_marked(raw, shape, _IN_A_WORD), _MOST_WORDS)
        if not _is_id(raw, start, end)
    ]
    likely = [each for each in inside if likeness(each.text.encode()) >= _WORDLIKE]
    if not likely or 2 * len(likely) < len(inside):
        return likely
    spans = list(effort.first(_marked(raw, shape, b"1"), _MOST_WORDS))
    if len(spans) < _MANY:
        return likely
    words = [_read(raw, start, end) for start, end in spans]
    numbers = [
        Found(*match.span(), match[0].translate(_FOR_LETTERS).decode())
        for match in effort.first(_NUMBER.finditer(raw, words[0].start, words[-1].end), _MOST_WORDS)
    ]
    return sorted(words + numbers)


def _marked(raw: bytes, shape: bytes, sign: bytes) -> Iterator[tuple[int, int]]:
    """Words of letters and what may stand for letters, with such a sign in them."""
    end = 0
    while (at := shape.find(sign, end)) >= 0:
        start = shape.rfind(b" ", end, at) + 1 or end
        end = shape.find(b" ", at)
        end = len(shape) if end < 0 else end
        last = end - (raw[end - 1 : end] == b"!")
        if last - start <= _LONGEST_WORD and at < last and b"a" in shape[start:last]:
            yield start, last


def _is_id(raw: bytes, start: int, end: int) -> bool:
    """Whether a word is rather a number in base 16, or an address."""
    word = raw[start:end]
    if b"@" in word:
        return raw[end : end + 1] == b"." or word.replace(b"@", b"").isalpha()
    return end - start > _LONGEST_HEX and not word.translate(None, _HEX)


def _read(raw: bytes, start: int, end: int) -> Found:
    """A word with letters for what stands in for them."""
    word = raw[start:end]
    letters = bytearray(word.translate(_FOR_LETTERS))
    doubts = [at for at, code in enumerate(word) if code in _IN_DOUBT][:_MOST_DOUBTS]
    readings = []
    for choice in product(b"il", repeat=len(doubts)):
        for at, code in zip(doubts, choice, strict=True):
            letters[at] = code
        readings.append(bytes(letters))
    best = max(readings, key=lambda reading: likeness(reading) - _RATHER_I * reading.count(b"l"))
    return Found(start, end, best.decode())
