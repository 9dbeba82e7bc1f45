"""A limit is removed by its id, within its organization only."""

import pytest
from msgspec.structs import replace

from gatebook.core.errors import NotFound
from tests.decisions import ALL, OTHER, decide
from tests.simulators.records import MemoryRecords
from tests.unit.control.commands.test_set_limit import limited


def test_the_row_goes() -> None:
    limit = limited("20usd/month")
    outcome = decide("remove_limit", MemoryRecords(*ALL, limit), id=limit.id)
    assert outcome.removes == (limit,)
    assert outcome.answer["limit"] == "20 USD a month"


def test_another_organizations_limit_is_not_there() -> None:
    limit = replace(limited("20usd/month"), organization_id=OTHER.id)
    with pytest.raises(NotFound):
        decide("remove_limit", MemoryRecords(*ALL, limit), id=limit.id)
