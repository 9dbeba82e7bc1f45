"""How much a text speaks for an attack, and why: signals that fired and the model, in one score.

The score is a probability as it was calibrated on sources that the weights had not seen. What each
part added stands beside it. Thresholds are one per channel; system prompts are pinned, not scored.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal

import msgspec

from gatebook.core.errors import Misconfigured
from gatebook.guard.model import Model
from gatebook.guard.pack import Channel, Signal

Level = Literal["none", "flag", "block"]

MODEL: Final = "model"
LENGTH: Final = "length"
MOST: Final = 6.0
"""Logarithmic odds that the model can give for or against by itself."""


class Thresholds(msgspec.Struct, frozen=True):
    """Scores from which a text is flagged, and from which it is blocked."""

    flag: float
    block: float

    def told(self, score: float) -> float:
        """The score as it is told: 0.5 where it is flagged, 0.9 where it is blocked.

        So one threshold of a rule means the same in every channel.
        """
        if score < self.flag:
            return 0.5 * score / self.flag
        if score < self.block:
            return 0.5 + 0.4 * (score - self.flag) / (self.block - self.flag)
        return 0.9 + 0.1 * (score - self.block) / max(1 - self.block, 1e-9)


class Weights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was fitted; the file that is shipped beside the model."""

    model: str
    """SHA-256 of the model's file that these belong to."""
    base: float
    parts: dict[str, float]
    """Of the model, of the text's length, and of each signal by its id."""
    thresholds: dict[Channel, Thresholds]


class Reason(msgspec.Struct, frozen=True):
    """What one part added to the logarithmic odds."""

    part: str
    added: float


class Scored(msgspec.Struct, frozen=True):
    """The score of a text in its channel, with the reasons, the weightiest first."""

    score: float
    level: Level
    reasons: tuple[Reason, ...]


class Threats:
    """Model, weights and signals that belong together."""

    def __init__(
        self, model: Model, weights: Weights, signals: Mapping[str, tuple[str, Signal]]
    ) -> None:
        self._model = model
        self._weights = weights
        self._channels = {name: signal.channels for name, (_, signal) in signals.items()}

    def thresholds(self, channel: Channel) -> Thresholds:
        """Of a channel."""
        return self._weights.thresholds[channel]

    def scored(self, channel: Channel, fired: Collection[str], views: Iterable[bytes]) -> Scored:
        """Of the raw text, which is the first view, and what it was decoded to."""
        texts = tuple(views)
        amounts = amounts_of(max(map(self._model.score, texts)), len(texts[0]))
        amounts |= {name: 1.0 for name in fired if channel in self._channels[name]}
        parts = self._weights.parts
        reasons = [Reason(part, parts.get(part, 0.0) * amount) for part, amount in amounts.items()]
        score = probability(self._weights.base + sum(reason.added for reason in reasons))
        thresholds = self._weights.thresholds[channel]
        level: Level = "none"
        if score >= thresholds.block:
            level = "block"
        elif score >= thresholds.flag:
            level = "flag"
        reasons.sort(key=lambda reason: -abs(reason.added))
        return Scored(score, level, tuple(reason for reason in reasons if reason.added))


def read_weights(file: bytes) -> Weights:
    """The weights in a file; raises Misconfigured."""
    try:
        return msgspec.json.decode(file, type=Weights)
    except msgspec.DecodeError as error:
        raise Misconfigured(
            "guard_weights", f"The guard's weights cannot be read: {error}.", "Install it again."
        ) from None


def amounts_of(odds: float, length: int) -> dict[str, float]:
    """Of which parts beside signals a text has how much."""
    return {MODEL: min(max(odds, -MOST), MOST), LENGTH: math.log1p(length / 256)}


def probability(odds: float) -> float:
    """From logarithmic odds."""
    return 1 / (1 + math.exp(-odds))
