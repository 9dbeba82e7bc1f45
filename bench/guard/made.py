"""Texts of the project's own: attacks of kinds that are rare elsewhere, and what looks like them.

They teach and are never measured on. Templates stand in `made.toml`; cases of signals serve too.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from bench.guard.corpus import Item
from gatebook.guard.pack import Channel, Pack

_FILE: Final = Path(__file__).with_name("made.toml")
_SLOT: Final = re.compile(r"\{(\w+)\}")
_TIMES: Final = 30
_SEED: Final = 7
_CHANNELS: Final[Mapping[str, Channel]] = {
    "data_poisoning": "tool",
    "definitions": "definition",
    "indirect_injection": "tool",
    "replies": "reply",
}

Slots = Mapping[str, Sequence[str]]


def made(pack: Pack) -> list[Item]:
    """All of them, the same every time."""
    whole = tomllib.loads(_FILE.read_text())
    return [
        *_filled(whole["attack"], whole["slots"], attack=True),
        *_filled(whole["harmless"], whole["slots"], attack=False),
        *_cases(pack),
    ]


def _filled(
    templates: Mapping[str, Sequence[str]], slots: Slots, *, attack: bool
) -> Iterator[Item]:
    random = np.random.default_rng(_SEED)
    for kind, texts in templates.items():
        channel = _CHANNELS.get(kind, "user")
        for template in texts:
            for text in sorted({_fill(template, slots, random) for _ in range(_TIMES)}):
                yield Item(
                    text=text.encode(),
                    attack=attack,
                    source=f"made_{kind}",
                    channel=channel,
                    category=kind,
                )


def _fill(template: str, slots: Slots, random: np.random.Generator) -> str:
    def word(slot: re.Match[str]) -> str:
        words = slots[slot[1]]
        return _fill(words[int(random.integers(len(words)))], slots, random)

    return _SLOT.sub(word, template)


def _cases(pack: Pack) -> Iterator[Item]:
    for category, signal in pack.signals.values():
        for attack, cases in ((True, signal.hits), (False, signal.misses)):
            for case in cases:
                yield Item(
                    text=case.encode(),
                    attack=attack,
                    source="made_cases",
                    channel="user",
                    category=category,
                )
