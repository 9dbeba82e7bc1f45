"""The rules that ship, an engine that has their patterns, and what looks at texts with it.

Compiled once for all tests of a process.
"""

from functools import cache

import pytest

from gatebook.app.guard_rules import shipped_layers, shipped_pack
from gatebook.guard.engine import Engine
from gatebook.guard.inspect import Inspector
from gatebook.guard.pack import Pack
from gatebook.guard.settings import AS_SHIPPED, GuardSettings


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
def _compiled_part(name: str) -> bytes:
    return engine_of(rules().only("detectors" if name == "data" else "signals")).dump()


def inspector(settings: GuardSettings = AS_SHIPPED) -> Inspector:
    """One that looks as these settings say, with nothing remembered."""

    def engine(part: Pack, name: str) -> Engine:
        return engine_of(part, _compiled_part(name))

    return Inspector(shipped_layers(rules(), engine, settings))


@pytest.fixture(scope="session")
def pack() -> Pack:
    return rules()


@pytest.fixture(scope="session")
def engine() -> Engine:
    return engine_of(rules(), _compiled())
