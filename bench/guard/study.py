"""Scores of texts by models and weights that have not seen their sources."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

import gatebook.guard
from bench.guard.combine import Matrix, Parts, combine, thresholds
from bench.guard.corpus import Item
from bench.guard.fit import fit
from gatebook.guard.engine import Engine
from gatebook.guard.model import Model
from gatebook.guard.pack import Channel, Pack, read_pack
from gatebook.guard.threats import Thresholds

GUARD: Final = Path(gatebook.guard.__path__[0])
_OWN_FOLD: Final = 100
"""Texts from which a family of sources is left out by itself; smaller ones go together."""

Odds = NDArray[np.float64]
Fired = Sequence[frozenset[str]]


class Study(NamedTuple):
    """What came of leaving out one family of sources after the other."""

    items: Sequence[Item]
    fired: Fired
    rows: Matrix
    folds: Sequence[str]
    odds: Odds
    """By the model alone."""
    scores: Odds
    """By signals and model together."""

    def flagged(self, share: str) -> NDArray[np.bool_]:
        """By thresholds from other families than a text's own; `share` is `flag` or `block`."""
        limits = {}
        for fold in set(self.folds):
            kept = [n for n, each in enumerate(self.folds) if each != fold]
            limits[fold] = thresholds(self.scores[kept], [self.items[n] for n in kept])
        return np.array(
            [
                score >= getattr(limits[fold][item.channel], share)
                for score, fold, item in zip(self.scores, self.folds, self.items, strict=True)
            ]
        )


class Made(NamedTuple):
    """All that is needed to score a text."""

    model: Model
    base: float
    weights: Matrix
    limits: dict[Channel, Thresholds]


def signals() -> Pack:
    """The signals that are shipped."""
    folder = GUARD / "signals"
    return read_pack({f"signals/{file.name}": file.read_text() for file in folder.glob("*.toml")})


def fired_in(pack: Pack, items: Sequence[Item]) -> Fired:
    """The signals that fire in each text, whatever its channel."""
    found: list[set[str]] = [set() for _ in items]
    for category in pack.categories:
        patterns = [each for each in pack.patterns if pack.signals[each.rule][0] == category]
        engine = Engine([pattern.text for pattern in patterns])
        for names, item in zip(found, items, strict=True):
            names.update(patterns[number].rule for number in engine.fired(item.text))
    return [frozenset(names) for names in found]


def study(pack: Pack, items: Sequence[Item], taught: Sequence[Item], fired: Fired) -> Study:
    """Leave out each family; `taught` are texts that are always there, and never measured."""
    sizes = Counter(item.family for item in items)
    folds = [item.family if sizes[item.family] >= _OWN_FOLD else "others" for item in items]
    odds = np.zeros(len(items))
    for fold in sorted(set(folds)):
        kept = [item for item, each in zip(items, folds, strict=True) if each != fold]
        model = fit([*kept, *taught])
        for number, item in enumerate(items):
            if folds[number] == fold:
                odds[number] = model.score(item.text)
    parts = Parts(pack)
    rows = parts.matrix(items, list(odds), fired)
    scores = np.zeros(len(items))
    for fold in sorted(set(folds)):
        out = np.array([each == fold for each in folds])
        base, weights = combine(parts, rows[~out], [items[int(n)] for n in np.flatnonzero(~out)])
        scores[out] = rows[out] @ weights + base
    return Study(items, fired, rows, folds, odds, scores)


def whole(pack: Pack, done: Study, taught: Sequence[Item]) -> Made:
    """The model and the weights of all texts of a study, with thresholds of the left-out scores."""
    base, weights = combine(Parts(pack), done.rows, done.items)
    limits = thresholds(done.scores, done.items)
    return Made(fit([*done.items, *taught]), base, weights, limits)
