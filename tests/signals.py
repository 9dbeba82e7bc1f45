"""The signals that are shipped, and an engine that has their patterns."""

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
def engine() -> Engine:
    """Compiled once for all tests of a process."""
    return Engine([each.text for each in pack().patterns])


def is_fired(signal: str, text: str) -> bool:
    """Whether the engine says that it fires."""
    return any(pack().patterns[number].rule == signal for number in engine().fired(text.encode()))


def is_located(signal: str, text: str) -> bool:
    """Whether RE2, which says where a match is, finds one."""
    return any(
        any(engine().matches(number, text.encode()))
        for number, each in enumerate(pack().patterns)
        if each.rule == signal
    )
