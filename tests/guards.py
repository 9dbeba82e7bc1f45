"""What looks at texts in tests: the shipped rules, compiled once for all tests of a process."""

from functools import cache

from gatebook.app.guard_rules import shipped_pack
from gatebook.guard.engine import Engine
from gatebook.guard.inspect import Inspector
from gatebook.guard.layers import data_layer
from gatebook.guard.pack import Pack


@cache
def pack() -> Pack:
    """The rules that are shipped."""
    return shipped_pack()


@cache
def _compiled() -> bytes:
    return engine_of(pack()).dump()


def engine_of(rules: Pack, compiled: bytes | None = None) -> Engine:
    """The engine of a pack."""
    texts = [pattern.text for pattern in rules.patterns]
    return Engine(texts, compiled, [pattern.herald for pattern in rules.patterns])


def inspector() -> Inspector:
    """One for a thread of its own, with nothing remembered."""
    return Inspector([data_layer(pack(), engine_of(pack(), _compiled()))])
