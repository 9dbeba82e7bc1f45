"""How well attacks are found on sources that neither signals nor weights have seen.

`python -m bench.guard.threats --data DIR`: leave-source-out on the development sources, then once
on the third that was set aside, with thresholds from the development sources alone.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.guard.combine import Parts
from bench.guard.corpus import Item, read
from bench.guard.made import made
from bench.guard.study import Study, fired_in, signals, study, whole
from gatebook.guard.pack import Pack

Hits = NDArray[np.bool_]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--no-aside", action="store_true", help="leave the set-aside third alone")
    chosen = options.parse_args()
    pack = signals()
    taught = made(pack)
    texts = read(chosen.data)
    here = [item for item in texts if not item.aside]
    done = study(pack, here, taught, fired_in(pack, here))
    print("# Development sources, each left out in turn\n")
    _print(here, done.flagged("flag"), done.flagged("block"))
    print("## What signals are worth\n")
    _print_worth(pack, done)
    if not chosen.no_aside:
        print("# Sources set aside\n")
        there = [item for item in texts if item.aside]
        _print(there, *_judged(pack, done, taught, there))


def _judged(
    pack: Pack, done: Study, taught: Sequence[Item], items: Sequence[Item]
) -> tuple[Hits, Hits]:
    ready = whole(pack, done, taught)
    odds = [ready.model.score(item.text) for item in items]
    rows = Parts(pack).matrix(items, odds, fired_in(pack, items))
    scores = rows @ ready.weights + ready.base
    flag = np.array([ready.limits[item.channel].flag for item in items])
    block = np.array([ready.limits[item.channel].block for item in items])
    return scores >= flag, scores >= block


def _print(items: Sequence[Item], flagged: Hits, blocked: Hits) -> None:
    for title, key in (
        ("channel", lambda item: item.channel),
        ("category", lambda item: item.category),
        ("source", lambda item: item.source),
        ("language", lambda item: item.language),
    ):
        print(f"## By {title}\n\n| {title} | texts | attack | flagged | blocked |")
        print("| --- | --- | --- | --- | --- |")
        print(_rows(items, flagged, blocked, key))


def _rows(items: Sequence[Item], flagged: Hits, blocked: Hits, key: Callable[[Item], str]) -> str:
    groups: dict[tuple[bool, str], list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        groups[not item.attack, key(item)].append(number)
    return "".join(
        f"| {name} | {len(at)} | {'no' if harmless else 'yes'} |"
        f" {flagged[at].mean():.3f} | {blocked[at].mean():.4f} |\n"
        for (harmless, name), at in sorted(groups.items())
    )


def _print_worth(pack: Pack, done: Study) -> None:
    """How often each signal fires, and among attacks that nothing else of it finds."""
    attack = np.array([item.attack for item in done.items])
    fired = done.rows[:, 2:] > 0
    alone = fired & (fired.sum(1) == 1)[:, None]
    print("| signal | attacks | alone | harmless |\n| --- | --- | --- | --- |")
    for place, name in enumerate(pack.signals):
        column, single = fired[:, place], alone[:, place]
        if column.any():
            print(
                f"| {name} | {column[attack].sum()} | {single[attack].sum()} |"
                f" {column[~attack].sum()} |"
            )
    print()


if __name__ == "__main__":
    main()
