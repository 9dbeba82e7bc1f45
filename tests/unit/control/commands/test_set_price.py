"""A price is set exactly, for all providers or for one, and replaced when it is set again."""

from typing import Any

import pytest

from gatebook.core.errors import Invalid, NotFound
from gatebook.identity.directory import PriceOverride
from tests.decisions import ALL, decide
from tests.simulators.records import MemoryRecords

PRICE = {"model": "gpt-4o", "input": "2.50", "output": "10"}


def priced(records: MemoryRecords | None = None, **values: Any) -> PriceOverride:
    (price,) = decide("set_price", records, **{**PRICE, **values}).saves
    assert isinstance(price, PriceOverride)
    return price


def test_what_is_left_out_costs_what_comes_nearest_to_it() -> None:
    price = priced()
    assert (price.input, price.output) == (2_500_000, 10_000_000)
    assert (price.cached_input, price.cache_write, price.cache_write_long) == (2_500_000,) * 3
    assert priced(cache_write="3").cache_write_long == 3_000_000


def test_it_holds_for_all_providers_or_for_the_one_that_is_named() -> None:
    assert priced().provider_id == ""
    assert priced(provider="openai").provider_id == "prv_1"
    with pytest.raises(NotFound):
        priced(provider="nobody")


def test_setting_it_again_replaces_it() -> None:
    first = priced()
    records = MemoryRecords(*ALL, first)
    assert priced(records, input="3").id == first.id
    assert priced(records, provider="openai").id != first.id
    assert priced(records, model="gpt-4o*").id != first.id


@pytest.mark.parametrize("amount", ["", "free", "-1", "1,5"])
def test_what_is_no_price_is_refused(amount: str) -> None:
    with pytest.raises(Invalid, match="such as"):
        priced(input=amount)
