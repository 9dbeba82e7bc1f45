"""A linear model of attacks over hashed pieces of text, run over windows of it.

The pieces are three to five bytes long, single words and pairs of words. A window is short, so that
an instruction buried in a long text weighs as much as one that stands alone. Everything is NumPy
over whole arrays: no step takes one piece at a time. `bench/guard/train.py` makes the weights.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gatebook.core.errors import Misconfigured

SIZE: Final = 1 << 20
"""Weights; a piece has the one that its hash says."""
WINDOW: Final = 256
STEP: Final = 128
_SHIFT: Final = np.uint32(32 - 20)
_MOST: Final = 1 << 17
"""Bytes that are looked at in one go; a longer text is cut into texts of this length."""

_BASE: Final = np.uint32(0x9E3779B1)
_MIX: Final = tuple(np.uint32(each) for each in (0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F))
_ODD: Final = 0x9E3779B97F4A7C15
_POWERS: Final = np.cumprod(np.full(_MOST + 3, _ODD, np.uint64))
_INVERSES: Final = np.cumprod(np.full(_MOST + 3, pow(_ODD, -1, 1 << 64), np.uint64))
_PAIR: Final = np.uint64(0xD6E8FEB86659FD93)
_SINGLE: Final = np.uint64(0xA0761D6478BD642F)

_FOLDED: Final = bytes(
    ord("0") if chr(byte).isdigit() and byte < 128 else byte for byte in range(256)
)
_IN_WORD: Final = np.array([byte > 127 or chr(byte).isalnum() for byte in range(256)])
_LETTER: Final = np.array([byte > 127 or chr(byte).isalpha() for byte in range(256)])
_MAGIC: Final = b"gatebook guard model 1\n"

Slots = NDArray[np.uint32]


class Pieces(NamedTuple):
    """The pieces of a text: which weight each has, and where it starts."""

    length: int
    runs: tuple[Slots, ...]
    """Of three, four and five bytes; they start at every byte."""
    words: tuple[tuple[Slots, NDArray[np.intp]], ...]
    """Single words and pairs, with where they start."""


class Model:
    """The weights, ready to run."""

    def __init__(self, weights: NDArray[np.int8], scale: float, bias: float) -> None:
        self._weights = weights
        self._scale = scale
        self._bias = bias

    @classmethod
    def read(cls, file: bytes) -> "Model":
        """From what `dump` wrote; raises Misconfigured."""
        head, _, rest = file.removeprefix(_MAGIC).partition(b"\n")
        if not file.startswith(_MAGIC) or len(rest) != SIZE:
            raise Misconfigured("guard_model", "The guard's model is not one.", "Install it again.")
        scale, bias = map(float, head.split())
        return cls(np.frombuffer(rest, np.int8), scale, bias)

    def dump(self) -> bytes:
        """The file that is shipped."""
        return b"%b%r %r\n%b" % (_MAGIC, self._scale, self._bias, self._weights.tobytes())

    def score(self, text: bytes) -> float:
        """How much the worst window speaks for an attack: logarithmic odds."""
        parts = (text[at : at + _MOST - 2] for at in range(0, max(len(text), 1), _MOST - WINDOW))
        return max(float(self._windows(part).max()) for part in parts)

    def _windows(self, text: bytes) -> NDArray[np.float32]:
        pieces = pieces_of(text)
        per_byte = np.zeros(pieces.length, np.int32)
        for run in pieces.runs:
            per_byte[: len(run)] += self._weights[run]
        for slots, starts in pieces.words:
            per_byte[starts[: len(slots)]] += self._weights[slots]
        return windows(per_byte) * np.float32(self._scale) + np.float32(self._bias)


def windows(per_byte: NDArray[np.int32]) -> NDArray[np.float32]:
    """Sums over every window, in proportion to the square root of its length."""
    starts = window_starts(len(per_byte))
    ends = np.minimum(starts + WINDOW, len(per_byte))
    sums = np.concatenate(([0], np.cumsum(per_byte)))
    scaled: NDArray[np.float32] = (
        (sums[ends] - sums[starts]) / np.sqrt(ends - starts, dtype=np.float64)
    ).astype(np.float32)
    return scaled


def window_starts(length: int) -> NDArray[np.intp]:
    """Where windows start; the last one reaches the end."""
    return np.arange(0, max(length - WINDOW, 0) + STEP, STEP)[: max(-(-(length - STEP) // STEP), 1)]


def pieces_of(text: bytes) -> Pieces:
    """What a text, or what fits in one go of it, is made of."""
    data = _once(np.frombuffer(b" %b " % _folded(text)[: _MOST - 2], np.uint8))
    wide = data.astype(np.uint32)
    rolled = wide[:-1] * _BASE + wide[1:]
    runs = []
    for after, mix in enumerate(_MIX, start=2):
        rolled = rolled[:-1] * _BASE + wide[after:]
        runs.append((rolled * mix) >> _SHIFT)
    return Pieces(len(data), tuple(runs), _words(data))


def _once(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A row of one sign or digit as a single one: tables and rules say nothing by their length."""
    again = np.zeros(len(data), bool)
    again[1:] = (data[1:] == data[:-1]) & ~_LETTER[data[1:]]
    return data[~again]


def _words(data: NDArray[np.uint8]) -> tuple[tuple[Slots, NDArray[np.intp]], ...]:
    edges = np.flatnonzero(np.diff(_IN_WORD[data]))  # the text stands between two spaces
    starts, ends = edges[::2] + 1, edges[1::2] + 1
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(data * _POWERS[: len(data)])))
    hashes = (sums[ends] - sums[starts]) * _INVERSES[starts]
    pairs = hashes[:-1] * _PAIR + hashes[1:]
    return (_slots(hashes * _SINGLE), starts), (_slots(pairs * _SINGLE), starts)


def _slots(hashes: NDArray[np.uint64]) -> Slots:
    mixed = hashes ^ (hashes >> np.uint64(29))
    return ((mixed * _SINGLE) >> np.uint64(64 - 20)).astype(np.uint32)


def _folded(text: bytes) -> bytes:
    """In lower case, any digit as 0, and any white space as one space."""
    if not text.isascii():
        text = text.decode(errors="replace").lower().encode()
    return b" ".join(text.lower().translate(_FOLDED).split())
