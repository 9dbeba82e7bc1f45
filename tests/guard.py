"""The rules that ship, an engine that has their patterns, and what looks at texts with it.

Compiled once for all tests of a process.
"""

from functools import cache

import pytest

from gatebook.app.guard_rules import shipped_layers, shipped_pack
from gatebook.guard.engine import Engine
from gatebook.guard.inspect import Inspector
from gatebook.guard.pack import Pack


@cache
def rules() -> Pack:
    """The rules that ship."""
    return shipped_pack()


@cache
def _compiled() -> bytes:
    return engine_of(rules()).dump()


def engine_of(pack: Pack, compiled: bytes | None = None) -> Engine:
    """With the patterns of a pack."""
    texts = [pattern.text for pattern in pack.patterns]
    return Engine(texts, compiled, [pattern.herald for pattern in pack.patterns])


@cache
def _compiled_parts() -> dict[str, bytes]:
    parts = {"data": rules().only("detectors"), "signals": rules().only("signals")}
    return {name: engine_of(part).dump() for name, part in parts.items()}


def inspector() -> Inspector:
    """One that looks as it is shipped, with nothing remembered."""
    return Inspector(
        shipped_layers(rules(), lambda part, name: engine_of(part, _compiled_parts()[name]))
    )


@pytest.fixture(scope="session")
def pack() -> Pack:
    return rules()


@pytest.fixture(scope="session")
def engine() -> Engine:
    return engine_of(rules(), _compiled())
