"""What stands in every text in which a pattern matches: words that are quickly looked for.

Literals are of bytes, in lower case, with one space for any white space; `\\b` at an end of one
stands for an end of a word. A text has to be given one space for any white space before they are
looked for in it. What is told may be too little, so that a pattern is tried in vain, never too
much.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from math import inf
from typing import Final, NamedTuple

Literals = frozenset[bytes]

BOUNDARY: Final = b"\b"
LONGEST: Final = 24
"""Bytes of a literal that are looked for."""
_SHORTEST: Final = 3
"""Bytes of a literal, with the ends of a word; two, if it is not all of letters."""
_WHOLE_WORD: Final = 4
"""Up to that length, a literal is mostly found within other words, if it need not be a word."""
_MOST: Final = 64
"""Ways in which a piece of a pattern is written out."""
_MOST_OF_CHOICE: Final = 400
_MOST_OF_CLASS: Final = 8
_MOST_NEEDS: Final = 3
_REPEATED: Final = 8
_REMEMBERED: Final = 4_096
"""Pieces, which are the same in many patterns."""
WORD: Final = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_COMMON: Final = frozenset(
    b"a all an and any are as at be by do for i if in is it not of on or that the this to when with"
    b" you".split()
)
"""Words of nearly every text, which tell nothing."""

_TOKEN: Final = re.compile(
    r"(?P<group>\((?:\?(?:P<\w+>|[a-z-]*(?P<end>:|\))))?)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|\\x(?P<byte>[0-9a-fA-F]{2})|\\(?P<escaped>.)"
    r"|(?P<repeat>(?P<sign>[*+?])|\{(?P<least>\d+)(?P<open>,)?(?P<most>\d+)?\})\??|(?P<plain>.)",
    re.DOTALL,
)
_SIGNS: Final[dict[str, tuple[int, float]]] = {"*": (0, inf), "+": (1, inf), "?": (0, 1)}
_SPACE: Final = frozenset((b" ",))
_SIDES: Final = (BOUNDARY, b" ")
_SPACES: Final = re.compile(rb"\s+")


class Row(NamedTuple):
    """What has to stand near each other, for one of the choices of a pattern to match."""

    needs: tuple[Literals, ...]
    """One literal of each of them; the rarest first."""
    runs: float
    """Over how many runs of a match may reach: of word characters, or of others, in turn."""


class _Part(NamedTuple):
    """What is known of a piece of a pattern."""

    texts: Literals | None
    """All that it matches, if it is little enough to be written out."""
    needs: tuple[Literals, ...] = ()
    runs: float = 0
    is_word: bool | None = None
    """Whether what it matches is all of word characters, or all of others; None: of both."""
    opens: bool = True
    """Whether what it matches, if anything, begins with another character than one of words."""
    closes: bool = True
    """The same of its end."""
    is_there: bool = False
    """Whether it always matches something."""
    last: float = 0
    """As `runs`, of the least that it matches, which is enough if nothing follows."""


_EDGE: Final = _Part(frozenset((b"",)))


def rows(pattern: str) -> list[Row] | None:
    """One for each of its choices; None if one of them needs no literal."""
    reader = _Reader(pattern)
    found = [Row(_needed(part)[:_MOST_NEEDS], part.last) for part in reader.choices()]
    return found if all(row.needs for row in found) else None


class _Reader:
    """Reads the syntax that Hyperscan and RE2 share."""

    def __init__(self, pattern: str) -> None:
        self._tokens = list(_TOKEN.finditer(pattern))
        self._at = 0

    def choices(self) -> list[_Part]:
        found = [self._sequence()]
        while self._next("|"):
            self._at += 1
            found.append(self._sequence())
        return found

    def _sequence(self) -> _Part:
        parts: list[_Part] = []
        while self._at < len(self._tokens) and not self._next("|)"):
            token = self._tokens[self._at]
            self._at += 1
            if token["repeat"]:
                parts[-1] = _repeated(parts[-1], *_times(token))
            elif token["group"] and token["end"] != ")":
                parts.append(_chosen(tuple(self.choices())))
                self._at += 1
            else:
                parts.append(_one(token))
        return _joined(tuple(parts))

    def _next(self, signs: str) -> bool:
        return self._at < len(self._tokens) and (self._tokens[self._at]["plain"] or " ") in signs


def _one(token: re.Match[str]) -> _Part:
    """Of what is no group; a group that only sets flags matches nothing."""
    if token["set"]:
        return _of_class(token["set"])
    if token["byte"]:
        return _of_bytes(bytes((int(token["byte"], 16),)))
    if token["escaped"] == "b":
        return _Part(frozenset((BOUNDARY,)))
    if token["escaped"]:
        return _EDGE if token["escaped"] in "AzB" else _of_class(f"[\\{token['escaped']}]")
    if token["plain"] == ".":
        return _of_class(r"[^\n]")
    return _EDGE if token["group"] or token["plain"] in "^$" else _of_bytes(token["plain"].encode())


def _times(times: re.Match[str]) -> tuple[int, float]:
    if times["sign"]:
        return _SIGNS[times["sign"]]
    least = int(times["least"])
    return least, int(times["most"]) if times["most"] else inf if times["open"] else least


@cache
def _of_class(text: str) -> _Part:
    one_of = re.compile(text.encode())
    return _of_bytes(bytes(byte for byte in range(256) if one_of.match(bytes((byte,)))))


@cache
def _of_bytes(values: bytes) -> _Part:
    """Of one of some bytes."""
    of_words = {value in WORD for value in values}
    is_apart = True not in of_words
    texts = frozenset(_SPACES.sub(b" ", bytes((value,)).lower()) for value in values)
    return _Part(
        texts if len(texts) <= _MOST_OF_CLASS else None,
        runs=1,
        is_word=of_words.pop() if len(of_words) == 1 else None,
        opens=is_apart,
        closes=is_apart,
        is_there=True,
        last=1,
    )


@lru_cache(_REMEMBERED)
def _joined(parts: tuple[_Part, ...]) -> _Part:
    """Of pieces that follow one another."""
    if len(parts) == 1:
        return parts[0]
    needs: list[Literals] = []
    texts = {b""}
    is_whole = True
    for part in parts:
        needs += part.needs
        if part.texts is not None and len(texts) * len(part.texts) <= _MOST:
            texts = {_SPACES.sub(b" ", a + b) for a in texts for b in part.texts}
            continue
        is_whole = False
        ends = BOUNDARY if part.is_there and part.opens else b""
        needs += _need({text + ends for text in texts})
        if part.texts is None:
            texts = {BOUNDARY if part.is_there and part.closes else b""}
        else:
            texts = set(part.texts)
    if not is_whole:
        needs += _need(texts)
    kinds = {part.is_word for part in parts if part.runs}
    return _Part(
        frozenset(texts) if is_whole else None,
        tuple(needs),
        _runs(parts),
        kinds.pop() if len(kinds) == 1 else None,
        _opens([(part.opens, part.is_there) for part in parts]),
        _opens([(part.closes, part.is_there) for part in reversed(parts)]),
        any(part.is_there for part in parts),
        _runs([*parts[:-1], *[part._replace(runs=part.last) for part in parts[-1:]]]),
    )


def _runs(parts: Iterable[_Part]) -> float:
    solid = [part for part in parts if part.runs]
    runs = solid[0].runs if solid else 0
    for before, part in pairwise(solid):
        runs += part.runs if part.is_word is None or part.is_word != before.is_word else 0
    return runs


def _opens(parts: Sequence[tuple[bool, bool]]) -> bool:
    for opens, is_there in parts:
        if not opens or is_there:
            return opens
    return True


@lru_cache(_REMEMBERED)
def _chosen(parts: tuple[_Part, ...]) -> _Part:
    """Of pieces of which one is there."""
    if len(parts) == 1:
        return parts[0]
    kinds = {part.is_word for part in parts if part.runs}
    is_word = kinds.pop() if len(kinds) == 1 else None
    runs = max(part.runs for part in parts)
    edges = (
        all(part.opens for part in parts),
        all(part.closes for part in parts),
        all(part.is_there for part in parts),
        max(part.last for part in parts),
    )
    written = [part.texts for part in parts if part.texts is not None]
    together = frozenset[bytes]().union(*written)
    if len(written) == len(parts) and len(together) <= _MOST_OF_CHOICE:
        return _Part(together, (), runs, is_word, *edges)
    best = [_needed(part)[:1] for part in parts]
    needs = (_shortest(frozenset().union(*[each[0] for each in best])),) if all(best) else ()
    return _Part(None, needs, runs, is_word, *edges)


def _repeated(part: _Part, least: int, most: float) -> _Part:
    runs = part.runs if part.is_word is not None else part.runs * most if part.runs else 0
    last = (part.runs * (least - 1) if part.is_word is None else 0) + part.last if least else 0
    whole = part._replace(runs=runs, is_there=part.is_there and least > 0, last=last)
    if part.texts == _SPACE:
        return whole._replace(texts=part.texts if least else part.texts | {b""})
    if least == 0:
        texts = part.texts | {b""} if most == 1 and part.texts is not None else None
        return whole._replace(texts=texts, needs=())
    few = min(least, _REPEATED)
    rest = () if few == most else (_Part(None),)
    known = _joined((*[part] * few, *rest))
    return whole._replace(texts=known.texts, needs=known.needs)


def _needed(part: _Part) -> tuple[Literals, ...]:
    found = {*part.needs, *(_need(part.texts) if part.texts is not None else ())}
    return tuple(sorted(found, key=_commonness))


def _need(texts: Iterable[bytes]) -> list[Literals]:
    """The texts as literals of which one is needed, unless that says nothing."""
    found = _shortest(frozenset(map(_literal, texts)))
    return [found] if all(map(_tells, found)) else []


def _tells(literal: bytes) -> bool:
    bare = literal.strip(b"\b ")
    if bare in _COMMON:
        return False
    return len(bare) > 0 and len(literal) + (not bare.isalnum()) >= _SHORTEST


def _literal(text: bytes) -> bytes:
    bare = text.replace(BOUNDARY, b"").strip(b" ") or b" "
    if len(bare) > _WHOLE_WORD:
        return bare[:LONGEST]
    before = text[:1] in _SIDES and bare[0] in WORD
    after = text[-1:] in _SIDES and bare[-1] in WORD
    return BOUNDARY * before + bare + BOUNDARY * after


def _shortest(texts: Literals) -> Literals:
    """Without those in which others stand."""
    return frozenset(
        text for text in texts if not any(other in text for other in texts if other != text)
    )


def _commonness(literals: Literals) -> tuple[float, list[bytes]]:
    """How often one of them stands in a text, roughly; then whatever makes the order fixed."""
    return sum(4.0 ** -min(len(text), 8) for text in literals), sorted(literals)
