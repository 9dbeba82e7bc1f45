"""The signals that are shipped, each with an engine of its own."""

from functools import cache
from pathlib import Path
from typing import Final

import gatebook.guard
from gatebook.guard.engine import Engine
from gatebook.guard.pack import Pack, read_pack

GUARD: Final = Path(gatebook.guard.__path__[0])


@cache
def pack() -> Pack:
    """All of them."""
    folder = GUARD / "signals"
    return read_pack({f"signals/{file.name}": file.read_text() for file in folder.glob("*.toml")})


@cache
def engine(signal: str) -> Engine:
    """For the patterns of one."""
    return Engine([each.text for each in pack().patterns if each.rule == signal])


def is_fired(signal: str, text: str) -> bool:
    """Whether Hyperscan says that it fires."""
    return bool(engine(signal).fired(text.encode()))


def is_located(signal: str, text: str) -> bool:
    """Whether RE2, which says where a match is, finds one."""
    count = sum(each.rule == signal for each in pack().patterns)
    return any(any(engine(signal).matches(number, text.encode())) for number in range(count))
