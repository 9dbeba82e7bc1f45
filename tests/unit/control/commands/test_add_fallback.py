"""Calls for a model get another provider to go to."""

from functools import partial

import pytest

from gatebook.core.errors import Conflict, Invalid, NotFound
from gatebook.identity.directory import Fallback
from tests.decisions import ALL, decide
from tests.simulators.clock import NOON_US
from tests.simulators.records import MemoryRecords

add = partial(decide, "add_fallback", model="gpt-*", provider="openai")


def test_it_names_the_provider_and_the_model_there() -> None:
    (row,) = add(target="gpt-4o").saves
    assert isinstance(row, Fallback)
    assert (row.provider_id, row.model, row.target) == ("prv_1", "gpt-*", "gpt-4o")
    assert row.created_at == NOON_US


def test_the_provider_has_to_exist() -> None:
    with pytest.raises(NotFound):
        add(provider="nobody")


def test_the_same_one_twice_is_a_mistake() -> None:
    (row,) = add().saves
    with pytest.raises(Conflict):
        add(MemoryRecords(*ALL, row))
    assert add(MemoryRecords(*ALL, row), target="gpt-4o").saves


@pytest.mark.parametrize("target", ["gpt-*", "a b", "-x", "x" * 129])
def test_a_target_is_one_model(target: str) -> None:
    with pytest.raises(Invalid):
        add(target=target)
