"""Calls for a model go to another provider no more."""

import pytest

from gatebook.core.errors import NotFound
from gatebook.identity.directory import Fallback
from tests.decisions import ALL, decide
from tests.simulators.records import MemoryRecords

FALLBACK = Fallback(
    id="fbk_1", organization_id="org_1", model="gpt-*", provider_id="prv_1", created_at=0
)


def test_its_row_goes() -> None:
    outcome = decide("remove_fallback", MemoryRecords(*ALL, FALLBACK), fallback="fbk_1")
    assert (outcome.removes, outcome.saves) == ((FALLBACK,), ())


def test_it_has_to_exist_here() -> None:
    with pytest.raises(NotFound):
        decide("remove_fallback", fallback="fbk_1")


def test_it_goes_with_its_provider() -> None:
    outcome = decide("remove_provider", MemoryRecords(*ALL, FALLBACK), provider="openai")
    assert outcome.removes[0] == FALLBACK
