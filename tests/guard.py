"""The rules that ship, an engine that has their patterns, and what looks at texts with it.

Compiled once for all tests of a process.
"""

from functools import cache

import pytest

from gatebook.app.guard_rules import shipped_pack
from gatebook.guard.engine import Engine
from gatebook.guard.inspect import Inspector
from gatebook.guard.layers import data_layer
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


def inspector() -> Inspector:
    """One for a thread of its own, with nothing remembered."""
    return Inspector([data_layer(rules(), engine_of(rules(), _compiled()))])


@pytest.fixture(scope="session")
def pack() -> Pack:
    return rules()


@pytest.fixture(scope="session")
def engine() -> Engine:
    return engine_of(rules(), _compiled())
