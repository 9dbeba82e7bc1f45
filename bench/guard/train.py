"""Makes the model and the weights that are shipped: `python -m bench.guard.train --data DIR`.

From all sources and the texts of the project; seeds are fixed: the same data gives the same files.
Writes `src/gatebook/guard/weights` and the model card.
"""

import argparse
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from bench.guard.combine import Parts
from bench.guard.corpus import Item, read
from bench.guard.made import made
from bench.guard.study import GUARD, Study, fired_in, signals, study, whole
from gatebook.guard.threats import Thresholds, Weights, probability

_CARD: Final = Path("docs/reference/threat-model.md")
_HEAD: Final = Path(__file__).with_name("card.md")


def main() -> None:
    """Train, write, and say what came of it."""
    options = argparse.ArgumentParser()
    options.add_argument("--data", type=Path, required=True)
    pack = signals()
    taught = made(pack)
    items = read(options.parse_args().data)
    done = study(pack, items, taught, fired_in(pack, items))
    ready = whole(pack, done, taught)
    file = ready.model.dump()
    weights = Weights(
        model=sha256(file).hexdigest(),
        base=round(ready.base, 4),
        parts={
            name: round(float(weight), 4)
            for name, weight in zip(Parts(pack).names, ready.weights, strict=True)
        },
        thresholds={
            channel: Thresholds(
                round(probability(limits.flag), 6), round(probability(limits.block), 6)
            )
            for channel, limits in ready.limits.items()
        },
    )
    folder = GUARD / "weights"
    folder.mkdir(exist_ok=True)
    (folder / "threats.model").write_bytes(file)
    text = msgspec.json.format(msgspec.json.encode(weights), indent=1)
    (folder / "threats.json").write_bytes(text + b"\n")
    _CARD.write_text(_card(weights, done, taught))
    print(weights.model)


def _card(weights: Weights, done: Study, taught: list[Item]) -> str:
    flagged, blocked = done.flagged("flag"), done.flagged("block")
    parts = [_HEAD.read_text().format(digest=weights.model, taught=len(taught))]
    parts.append(
        "| channel | attack | texts | flagged | blocked |\n| --- | --- | --- | --- | --- |\n"
    )
    keys = np.array([f"{item.channel} {item.attack}" for item in done.items])
    for key in sorted(set(keys)):
        channel, attack = key.split()
        at = keys == key
        parts.append(
            f"| {channel} | {'yes' if attack == 'True' else 'no'} | {at.sum()} |"
            f" {flagged[at].mean():.3f} | {blocked[at].mean():.4f} |\n"
        )
    parts.append("\n## Sources\n\n| source | texts | licence |\n| --- | --- | --- |\n")
    licences = {item.source: item.license for item in done.items}
    for source, count in sorted(Counter(item.source for item in done.items).items()):
        parts.append(f"| {source} | {count} | {licences[source]} |\n")
    return "".join(parts)


if __name__ == "__main__":
    main()
