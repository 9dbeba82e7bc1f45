"""A price is removed as it was set."""

import pytest

from gatebook.core.errors import NotFound
from tests.decisions import ALL, decide
from tests.simulators.records import MemoryRecords
from tests.unit.control.commands.test_set_price import priced


def test_the_row_goes() -> None:
    price = priced()
    records = MemoryRecords(*ALL, price, priced(provider="openai"))
    assert decide("remove_price", records, model="gpt-4o").removes == (price,)


def test_a_price_that_was_set_for_one_provider_is_not_that_of_all() -> None:
    records = MemoryRecords(*ALL, priced(provider="openai"))
    with pytest.raises(NotFound):
        decide("remove_price", records, model="gpt-4o")
