"""Sentences enciphered letter by letter (rotated alphabets, Atbash), and written backwards.

A sentence of some length has one of the most common words; as ciphers make them, they are rare in
anything else. Where one stands, its sentence is read that way, and counts if it then looks like
English and did not before.
"""

import re
from collections.abc import Iterator
from typing import Final

from gatebook.guard.effort import Effort
from gatebook.guard.english import COMMON_WORDS, LETTERS, likeness
from gatebook.guard.found import Found

_MOST_PLACES: Final = 256
_LONGEST: Final = 512
_FEWEST_LETTERS: Final = 10
_ENGLISH: Final = 5.6
_CLEARLY: Final = 0.9
_CLEARLY_TURNED: Final = 0.5

_BACKWARDS: Final = "reversed"
_BY_WORD: Final = "words reversed"
_ALPHABETS: Final = {
    **{f"rot{26 - by}": LETTERS[by:] + LETTERS[:by] for by in range(1, 26)},
    "atbash": LETTERS[::-1],
}
"""What each letter stands for; `rot3` is what Caesar made."""
_WELL_KNOWN: Final = ("rot13", "rot3", "rot23", "atbash")
_SHORT: Final = 3


def _spelled(letters: bytes, alphabet: bytes) -> bytes:
    return bytes.maketrans(letters + letters.upper(), alphabet + alphabet.upper())


_TABLES: Final = {name: _spelled(LETTERS, letters) for name, letters in _ALPHABETS.items()}
_HIDDEN: Final = {
    word.translate(_spelled(alphabet, LETTERS)): name
    for name, alphabet in _ALPHABETS.items()
    for word in COMMON_WORDS
    if len(word) > _SHORT or name in _WELL_KNOWN
} | {word[::-1]: _BACKWARDS for word in COMMON_WORDS}
"""Common words as they are when hidden, and how that was done."""
_HIDDEN_WORDS: Final = frozenset(_HIDDEN.keys() - set(COMMON_WORDS))
_NO_LETTERS: Final = bytes(code for code in range(256) if not bytes([code]).isalpha())
_WIDE_ENDS: Final = b'\n\r:;"`'
_ENDS: Final = _WIDE_ENDS + b".!?()[]{}<>|=,'"


def _low(ends: bytes) -> bytes:
    return bytes(
        low if low in LETTERS else ord("\n" if low in ends else " ")
        for low in bytes(range(256)).lower()
    )


_WORDS: Final = _low(b"")
_WORD: Final = re.compile(rb"[a-z]{3,}+")
_LOW: Final = (_low(_WIDE_ENDS), _low(_ENDS))
"""Lines and the like, and if they are not all hidden, parts of them."""


def hidden(raw: bytes, effort: Effort) -> Iterator[tuple[str, Found]]:
    """What another alphabet or direction makes English; `raw` has a byte for a code point."""
    low = raw.translate(_WORDS)
    if _HIDDEN_WORDS.isdisjoint(low.split()):
        return
    places = effort.first(_places(low), _MOST_PLACES)
    bounds = [raw.translate(ends) for ends in _LOW]
    done: dict[str, int] = {}
    for place, name in places:
        if place < done.get(name, 0):
            continue
        for lines in bounds:
            start = lines.rfind(b"\n", max(0, place - _LONGEST), place) + 1
            end = lines.find(b"\n", place, place + _LONGEST)
            start, end = max(start, place - _LONGEST), end if end >= 0 else place + _LONGEST
            if found := _read(raw, start, end, name):
                yield from found
                break
        done[name] = end


def _places(low: bytes) -> Iterator[tuple[int, str]]:
    for match in _WORD.finditer(low):
        if match[0] in _HIDDEN_WORDS:
            yield match.start(), _HIDDEN[match[0]]


def _read(raw: bytes, start: int, end: int, name: str) -> list[tuple[str, Found]]:
    """A sentence read in one way, if it is one then and was none before."""
    sentence = raw[start:end]
    end = start + len(sentence)
    if len(sentence.translate(None, _NO_LETTERS)) < _FEWEST_LETTERS:
        return []
    text = sentence[::-1] if name == _BACKWARDS else sentence.translate(_TABLES[name])
    clearly = _CLEARLY_TURNED if name == _BACKWARDS else _CLEARLY
    if likeness(text) < max(_ENGLISH, likeness(sentence) + clearly):
        return []
    if name != _BACKWARDS:
        return [(name, Found(start, end, text.decode("latin-1"), is_exact=True))]
    by_word = b" ".join(word[::-1] for word in sentence.split())
    return [
        (_BACKWARDS, Found(start, end, text.decode("latin-1"))),
        (_BY_WORD, Found(start, end, by_word.decode("latin-1"))),
    ]
