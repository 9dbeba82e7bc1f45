"""Fits how much each signal and the model add, and where the thresholds are.

Logistic regression with the model's score on sources that it was not taught; a signal can only
speak for an attack. Weights are drawn to what a signal's severity suggests, so that one that was
hardly ever seen keeps that.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, get_args

import numpy as np
from numpy.typing import NDArray

from bench.guard.corpus import Item
from gatebook.guard.pack import Channel, Pack
from gatebook.guard.threats import LENGTH, MODEL, Thresholds, amounts_of

EXPECTED: Final = {"low": 0.5, "medium": 1.2, "high": 2.5, "critical": 4.0}
FLAG: Final = 0.01
BLOCK: Final = 0.001
_DRAW: Final = 12.0
_LENGTH: Final = 0.4
"""The most that length may speak against an attack: buried ones are to be found as well."""
_STEPS: Final = 600

Matrix = NDArray[np.float32]


class Parts:
    """The parts of scores in a fixed order."""

    def __init__(self, pack: Pack) -> None:
        self.names = (MODEL, LENGTH, *pack.signals)
        self._channels = {name: signal.channels for name, (_, signal) in pack.signals.items()}
        self._place = {name: place for place, name in enumerate(self.names)}
        self.expected = np.array(
            [0.3, -0.2, *(EXPECTED[signal.severity] for _, signal in pack.signals.values())],
            np.float32,
        )

    def matrix(
        self, items: Sequence[Item], odds: Sequence[float], fired: Sequence[frozenset[str]]
    ) -> Matrix:
        """One row per text: how much of each part it has."""
        rows = np.zeros((len(items), len(self.names)), np.float32)
        for row, item, odd, names in zip(rows, items, odds, fired, strict=True):
            row[:2] = tuple(amounts_of(odd, len(item.text)).values())
            row[[self._place[n] for n in names if item.channel in self._channels[n]]] = 1
        return rows


def combine(parts: Parts, rows: Matrix, items: Sequence[Item]) -> tuple[float, Matrix]:
    """The base and the weights of parts, by projected gradient descent with momentum."""
    attack = np.array([item.attack for item in items], np.float32)
    sizes = Counter((item.source, item.attack) for item in items)
    share = np.array([sizes[item.source, item.attack] ** -0.5 for item in items], np.float32)
    for side in (0, 1):
        share[attack == side] *= len(items) / 2 / share[attack == side].sum()
    weights, base = parts.expected.copy(), -2.0
    low = np.zeros_like(weights)
    low[1] = -_LENGTH
    high = np.full_like(weights, 8.0)
    high[1] = 0.0
    steps = np.zeros_like(weights)
    step = 0.0
    curvature = (share[:, None] * rows**2).sum(0) / 4 + _DRAW
    for _ in range(_STEPS):
        error = share * (1 / (1 + np.exp(-(rows @ weights + base))) - attack)
        slope = rows.T @ error + _DRAW * (weights - parts.expected)
        steps = 0.9 * steps - 0.1 * slope / curvature
        step = 0.9 * step - 0.1 * float(error.sum()) / (share.sum() / 4)
        weights = np.clip(weights + steps, low, high)
        base += step
    return float(base), weights


def thresholds(scores: NDArray[np.float64], items: Sequence[Item]) -> dict[Channel, Thresholds]:
    """By channel, as logarithmic odds, from harmless texts that no weight has seen.

    Replies, arguments and definitions come from too few sources, and take the stricter ones.
    """
    found: dict[Channel, Thresholds] = {}
    measured: tuple[Channel, ...] = ("user", "tool")
    for channel in measured:
        harmless = [
            score
            for score, item in zip(scores, items, strict=True)
            if item.channel == channel and not item.attack
        ]
        flag, block = (float(np.quantile(harmless, 1 - share)) for share in (FLAG, BLOCK))
        found[channel] = Thresholds(flag, block)
    strict = Thresholds(
        max(each.flag for each in found.values()), max(each.block for each in found.values())
    )
    return {channel: found.get(channel, strict) for channel in get_args(Channel)}
