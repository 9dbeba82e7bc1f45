"""Fits the linear model: logistic regression over the windows of texts, by AdaGrad.

An attack is somewhere in its text, and only its worst windows are taught as one; all windows of a
harmless text are harmless. Short attacks are also taught buried in harmless text. Every source has
a say by the square root of its size. Seeds are fixed: the same texts give the same model.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from bench.guard.corpus import Item
from gatebook.guard.model import SIZE, WINDOW, Model, Slots, pieces_of, window_starts

_SEED: Final = 20
_ROUNDS: Final = 3
_RATE: Final = 0.3
_CAUTION: Final = 0.1
"""What a piece's squared slopes start from: pieces that were rarely seen move little."""
_SHRINK: Final = 2e-3
_MOST_WINDOWS: Final = 10
_WORST: Final = 2
_BURIED: Final = 160
"""Bytes up to which an attack is taught buried as well."""
_SURE: Final = 5.0
"""Logarithmic odds beyond which a window has nothing more to teach."""


class _Example(NamedTuple):
    windows: list[Slots]
    attack: bool
    weight: float


class _Fit:
    """Weights as they are learned."""

    def __init__(self) -> None:
        self.weights = np.zeros(SIZE, np.float32)
        self.squares = np.full(SIZE, _CAUTION, np.float32)
        self.bias = -1.0

    def odds(self, window: Slots) -> float:
        return float(self.weights[window].sum() / _length(window)) + self.bias

    def learn(self, window: Slots, attack: bool, weight: float) -> None:
        odds = self.odds(window)
        if (odds if attack else -odds) > _SURE:
            return
        error = (1 / (1 + np.exp(-odds)) - attack) * weight
        old = self.weights[window]
        slope = error / _length(window) + _SHRINK * weight * old
        squares = self.squares[window] + slope * slope
        self.squares[window] = squares
        self.weights[window] = old - _RATE * slope / np.sqrt(squares)
        self.bias -= 0.002 * error


def fit(items: Sequence[Item]) -> Model:
    """The model of these texts."""
    random = np.random.default_rng(_SEED)
    examples = list(_examples(items, random))
    fitted = _Fit()
    for turn in range(_ROUNDS):
        for number in random.permutation(len(examples)):
            example = examples[number]
            windows = example.windows
            if example.attack and len(windows) > _WORST and turn:
                windows = sorted(windows, key=fitted.odds)[-_WORST:]
            for window in windows:
                fitted.learn(window, example.attack, example.weight)
    return _shipped(fitted)


def _examples(items: Sequence[Item], random: np.random.Generator) -> Iterator[_Example]:
    sizes = Counter((item.source, item.attack) for item in items)
    harmless = [item.text for item in items if not item.attack and len(item.text) > WINDOW]
    shares = {key: size**-0.5 for key, size in sizes.items()}
    total = {
        side: sum(shares[each] * sizes[each] for each in sizes if each[1] is side)
        for side in (False, True)
    }
    counts = Counter(item.attack for item in items)
    for item in items:
        weight = shares[item.source, item.attack] * counts[item.attack] / total[item.attack]
        weight = min(weight, 4.0) * (2.0 if item.attack else 1.0)
        text = item.payload or item.text
        windows = _windows(text)
        if len(windows) > _MOST_WINDOWS:
            chosen = random.choice(len(windows), _MOST_WINDOWS, replace=False)
            windows = [windows[number] for number in chosen]
        yield _Example(windows, item.attack, weight)
        if item.attack and len(text) <= _BURIED and harmless:
            yield _Example(_windows(_bury(text, harmless, random)), True, weight / 2)


def _bury(text: bytes, harmless: Sequence[bytes], random: np.random.Generator) -> bytes:
    around = harmless[int(random.integers(len(harmless)))]
    at = random.integers(len(around) - WINDOW + len(text)) if len(around) > WINDOW else 0
    piece = around[at : at + WINDOW - len(text) - 2]
    cut = random.integers(len(piece) + 1)
    return b"%b %b %b" % (piece[:cut], text, piece[cut:])


def _windows(text: bytes) -> list[Slots]:
    pieces = pieces_of(text)
    found = []
    for start in window_starts(pieces.length):
        end = min(start + WINDOW, pieces.length)
        parts = [run[start:end] for run in pieces.runs]
        for slots, starts in pieces.words:
            first, last = np.searchsorted(starts[: len(slots)], (start, end))
            parts.append(slots[first:last])
        found.append(np.concatenate(parts))
    return found


def _length(window: Slots) -> float:
    """As the model takes it: the square root of its bytes, each of which starts 3.3 pieces."""
    return float(np.sqrt(max(len(window), 1) / 3.3))


def _shipped(fitted: _Fit) -> Model:
    """In eight bits; the few largest weights are cut."""
    scale = float(np.quantile(np.abs(fitted.weights[fitted.weights != 0]), 0.9999)) / 127
    weights = np.clip(np.round(fitted.weights / scale), -127, 127).astype(np.int8)
    return Model(weights, scale, float(fitted.bias))
