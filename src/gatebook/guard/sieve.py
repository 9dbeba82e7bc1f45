"""Tells which patterns are worth trying on a text, by the literals that they need near each other.

A text is gone through in stretches. What was found in each is put down as bits of one number: one
bit for every need of every row, so that one operation sees to all rows at once.
"""

from collections.abc import Iterator, Sequence
from functools import cache, reduce
from itertools import pairwise
from operator import or_
from typing import Any, Final

import hyperscan
import msgspec
import numpy as np
from numpy.typing import NDArray

from gatebook.guard.literals import BOUNDARY, LONGEST, WORD, Row

_FLAGS: Final = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH
_WORDS: Final = 32
"""Of a stretch, but the last; each makes two runs, with what is between it and the next."""
_BYTES: Final = 256
"""Of a stretch at least, since each costs something, however little is in it."""
_IS_WORD: Final = bytes(byte in WORD for byte in range(256))
_REACHES: Final = (2, 3, 5)
"""Stretches in a row in which all that a row needs is looked for; else, in the whole text."""


class Plan(msgspec.Struct, frozen=True, array_like=True):
    """What a sieve is made of, as it is kept."""

    database: bytes
    bits: list[tuple[int, ...]]
    """Of each literal."""
    owners: list[int]
    """The pattern of each row."""
    slots: int
    """Needs of a row at most."""
    given: list[int]
    """Bits of needs that a row does not have."""
    far: list[int]
    """Over how many stretches each row is looked for; 0: over all."""


class Sieve:
    """For one thread."""

    def __init__(self, plan: Plan) -> None:
        """Raises HyperscanError for the plan of another version or another machine."""
        self.plan = plan
        self._database = hyperscan.loadb(plan.database, hyperscan.HS_MODE_BLOCK)
        self._scratch = hyperscan.Scratch(self._database)
        bits_of = cache(_number)
        self._masks = [bits_of(bits) for bits in plan.bits]
        self._given = _number(plan.given)
        self._reached = {
            reach: _number([row for row, far in enumerate(plan.far) if far == reach])
            for reach in (0, *_REACHES)
        }

    def worth(self, text: bytes) -> Iterator[tuple[int, int, int]]:
        """The patterns that may match, each with where: between which bytes.

        Raises HyperscanError.
        """
        flat = _flat(text)
        begins = _begins(_word_starts(flat))
        seen = [
            self._seen(flat[begin : end + LONGEST + 1])
            for begin, end in pairwise([*[at for _, at in begins], len(flat)])
        ]
        rows = self._whole(reduce(or_, seen))
        for row in _bits(rows & self._reached[0]):
            yield self.plan.owners[row], 0, len(text)
        near = {
            row: spans
            for reach in _REACHES
            for row, spans in self._near(seen, reach, rows & self._reached[reach])
        }
        if near:
            starts = _word_starts(text)
            places = [0, *[int(starts[word]) for word, _ in begins[1:]], len(text)]
            for row, spans in near.items():
                for first, end in spans:
                    yield self.plan.owners[row], places[first], places[end]

    def _near(
        self, seen: Sequence[int], reach: int, wanted: int
    ) -> Iterator[tuple[int, list[list[int]]]]:
        """Rows with where all that they need is within so many stretches: from which to which."""
        reach = min(reach, len(seen))
        found: dict[int, list[list[int]]] = {}
        for first in range(len(seen) - reach + 1 if wanted else 0):
            rows = self._whole(reduce(or_, seen[first : first + reach])) & wanted
            for row in _bits(rows):
                spans = found.setdefault(row, [])
                if spans and first <= spans[-1][1]:
                    spans[-1][1] = first + reach
                else:
                    spans.append([first, first + reach])
        yield from found.items()

    def _seen(self, stretch: bytes) -> int:
        found: list[int] = []
        self._database.scan(stretch, noted, context=found, scratch=self._scratch)
        return reduce(or_, map(self._masks.__getitem__, found), 0)

    def _whole(self, seen: int) -> int:
        """The rows all of whose needs were seen."""
        left = seen | self._given
        rows = left
        for slot in range(1, self.plan.slots):
            rows &= left >> slot * len(self.plan.owners)
        return rows


def planned(rows: Sequence[tuple[int, Row]]) -> Plan:
    """The plan for the rows of patterns, by their numbers; raises HyperscanError."""
    slots = max(len(row.needs) for _, row in rows)
    bits: dict[bytes, list[int]] = {}
    given = []
    for number, (_, row) in enumerate(rows):
        for slot in range(slots):
            bit = slot * len(rows) + number
            if slot < len(row.needs):
                for literal in row.needs[slot]:
                    bits.setdefault(literal, []).append(bit)
            else:
                given.append(bit)
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    literals = sorted(bits)
    database.compile(
        expressions=[_pattern(literal) for literal in literals],
        ids=list(range(len(literals))),
        flags=[_FLAGS] * len(literals),
    )
    return Plan(
        bytes(hyperscan.dumpb(database)),
        [tuple(bits[literal]) for literal in literals],
        [owner for owner, _ in rows],
        slots,
        given,
        [_reach(row) for _, row in rows],
    )


def _reach(row: Row) -> int:
    return next((reach for reach in _REACHES if row.runs <= (reach - 1) * 2 * _WORDS), 0)


def _pattern(literal: bytes) -> bytes:
    return b"".join(
        rb"\b"
        if byte == BOUNDARY[0]
        else b"\\x%02x" % byte
        if not chr(byte).isalnum() or byte > 127
        else bytes((byte,))
        for byte in literal
    )


def _flat(text: bytes) -> bytes:
    """With one space for any white space, and at either end."""
    return b" %b " % b" ".join(text.split())


def _word_starts(text: bytes) -> NDArray[np.intp]:
    is_word = np.frombuffer(b"\0" + text.translate(_IS_WORD), np.bool_)
    return np.flatnonzero(is_word[1:] > is_word[:-1])


def _begins(starts: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Where stretches begin: with which word, at which byte."""
    begins = [(0, 0)]
    for number, start in enumerate(starts[_WORDS::_WORDS].tolist(), 1):
        if start - begins[-1][1] >= _BYTES:
            begins.append((number * _WORDS, start))
    return begins


def _number(bits: Sequence[int]) -> int:
    number = 0
    for bit in bits:
        number |= 1 << bit
    return number


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def noted(number: int, start: int, end: int, flags: int, context: Any) -> None:
    """Puts down what Hyperscan found."""
    context.append(number)
