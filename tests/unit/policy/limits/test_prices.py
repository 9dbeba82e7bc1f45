"""A price is what a row or an order says, exactly; what nobody has priced has none."""

import re

import pytest
from msgspec.structs import replace

from gatebook.app.limits import price_tables
from gatebook.core.errors import Misconfigured
from gatebook.formats import Usage
from gatebook.identity.directory import Directory, PriceOverride
from gatebook.policy.limits.prices import (
    Price,
    PriceRow,
    Prices,
    Rates,
    WindowRow,
    micros,
    read_table,
)
from tests.decisions import OPENAI

ELSEWHERE = replace(OPENAI, id="prv_2", base_url="http://127.0.0.1:11434/v1")
TABLE = """
[vendors]
openai = ["api.openai.com"]

[[price]]
vendor = "openai"
models = ["gpt-4o", "gpt-4o-20*"]
input = "2.50"
cached_input = "1.25"
output = "10"
as_of = "2026-11-01"
source = "https://example.com"

[[price]]
vendor = "openai"
models = ["long"]
input = "2"
output = "4"
as_of = "2026-11-01"
source = "https://example.com"

[[price]]
vendor = "openai"
models = ["long"]
up_to = 1000
input = "1"
output = "2"
as_of = "2026-11-01"
source = "https://example.com"

[[window]]
vendor = "openai"
models = ["lo*"]
tokens = 128000
as_of = "2026-11-01"
source = "https://example.org"
"""
RATES = Rates(input=2_500_000, cached_input=1, cache_write=3_000_000, cache_write_long=5_000_000,
              output=10_000_000)  # fmt: skip


def override(id_: str, model: str, *, provider: str = "", price: int = 1) -> PriceOverride:
    return PriceOverride(
        id=id_,
        organization_id="org_1",
        provider_id=provider,
        model=model,
        input=price,
        cached_input=price,
        cache_write=price,
        cache_write_long=price,
        output=price,
        created_at=1,
    )


def prices(*own: PriceOverride, table: str = TABLE) -> Prices:
    directory = Directory(
        revision=1,
        organizations={},
        workspaces={},
        people={},
        agents={},
        keys={},
        providers={},
        fallbacks={},
        prices={each.id: each for each in own},
    )
    return Prices([read_table(table)], directory)


def input_price(price: Price | None) -> int | None:
    return None if price is None else price.tiers[0][1].input


@pytest.mark.parametrize(
    ("text", "amount"),
    [("2.50", 2_500_000), ("0", 0), ("0.000001", 1), ("12", 12_000_000), ("0.075", 75_000)],
)
def test_dollars_are_read_exactly(text: str, amount: int) -> None:
    assert micros(text) == amount


@pytest.mark.parametrize("text", ["", "-1", "1.0000001", "1e3", ".5", "1.", "٣"])
def test_what_is_no_amount_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        micros(text)


def test_a_model_costs_what_its_row_at_this_host_says() -> None:
    assert input_price(prices().of(OPENAI, "gpt-4o")) == 2_500_000
    assert input_price(prices().of(OPENAI, "gpt-4o-2024-11-20")) == 2_500_000


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-4", "", "gpt-4o-audio"])
def test_a_model_without_a_row_has_no_price_whatever_it_is_called(model: str) -> None:
    assert prices().of(OPENAI, model) is None


def test_a_vendors_price_is_not_that_of_another_host_which_serves_the_same_name() -> None:
    assert prices().of(ELSEWHERE, "gpt-4o") is None


def test_what_the_organization_pays_comes_before_the_table() -> None:
    found = prices(override("prc_1", "gpt-4o*"))
    assert input_price(found.of(OPENAI, "gpt-4o")) == 1
    assert input_price(found.of(OPENAI, "gpt-4o-mini")) == 1


def test_one_provider_comes_before_all_a_name_before_a_pattern_and_the_longer_pattern() -> None:
    own = [
        override("a", "*", price=1),
        override("b", "gpt-*", price=2),
        override("c", "gpt-4o", price=3),
        override("d", "*", provider="prv_1", price=4),
    ]
    found = prices(*own)
    assert input_price(found.of(ELSEWHERE, "llama")) == 1
    assert input_price(found.of(ELSEWHERE, "gpt-5")) == 2
    assert input_price(found.of(ELSEWHERE, "gpt-4o")) == 3
    assert input_price(found.of(OPENAI, "gpt-4o")) == 4


def test_another_organizations_price_is_nobodys_here() -> None:
    theirs = replace(override("prc_1", "gpt-4o"), organization_id="other")
    assert prices(theirs).of(ELSEWHERE, "gpt-4o") is None


def test_long_inputs_cost_what_their_tier_says() -> None:
    price = prices().of(OPENAI, "long")
    assert price is not None
    assert price.cost(Usage(tokens_in=1000)) == 1000
    assert price.cost(Usage(tokens_in=1001)) == 2002


def test_what_is_longer_than_every_tier_has_no_price() -> None:
    price = Price(tiers=((1000, RATES),))
    assert price.cost(Usage(tokens_in=1001)) is None
    assert price.most(1001, 0) is None


def test_each_part_of_the_input_costs_its_own_and_the_sum_is_rounded_up() -> None:
    usage = Usage(
        tokens_in=100, tokens_out=7, cache_read=50, cache_written=30, cache_written_long=10
    )
    exact = 20 * 2_500_000 + 50 * 1 + 20 * 3_000_000 + 10 * 5_000_000 + 7 * 10_000_000
    assert RATES.cost(usage) == exact // 1_000_000 + 1


def test_no_usage_costs_more_than_the_most_that_was_said() -> None:
    for usage in (Usage(90, 9), Usage(90, 9, 90), Usage(90, 9, 0, 90), Usage(90, 9, 0, 90, 90)):
        assert RATES.cost(usage) <= RATES.most(90, 9)


def test_a_provider_that_reports_more_from_its_cache_than_it_read_is_not_paid_for_it_twice() -> (
    None
):
    assert RATES.cost(Usage(tokens_in=10, cache_read=20)) >= 0


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"2.50"', '"a lot"', "no amount"),
        ('vendor = "openai"\nmodels = ["long"]\ni', 'vendor = "x"\nmodels = ["long"]\ni', "hosts"),
        ('[[window]]\nvendor = "openai"', '[[window]]\nvendor = "x"', "hosts"),
        ("cached_input", "cached", "unknown field"),
        ("[vendors]", "[vendors", "TOML|Expected"),
    ],
)
def test_a_table_with_an_error_is_refused_with_what_it_is(
    before: str, after: str, said: str
) -> None:
    with pytest.raises(Misconfigured, match=re.compile(said)):
        read_table(TABLE.replace(before, after))


def test_the_table_that_is_shipped_has_a_date_and_a_source_in_every_row() -> None:
    (table,) = price_tables("")
    rows: tuple[PriceRow | WindowRow, ...] = (*table.price, *table.window)
    for row in rows:
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", row.as_of)
        assert row.source.startswith("https://")


def test_no_model_has_two_rows_for_the_same_length() -> None:
    (table,) = price_tables("")
    seen = [(row.vendor, model, row.up_to) for row in table.price for model in row.models]
    assert len(seen) == len(set(seen))


def test_the_organization_can_say_how_much_a_model_reads_and_whether_it_reasons() -> None:
    own = replace(override("prc_1", "gpt-4o"), context_window=9, hides_output=True)
    price = prices(own).of(OPENAI, "gpt-4o")
    assert price is not None
    assert (price.context_window, price.hides_output) == (9, True)


def test_how_much_a_model_reads_may_be_said_apart_from_what_it_costs() -> None:
    found = [prices().of(OPENAI, model) for model in ("long", "gpt-4o")]
    assert [price.context_window for price in found if price] == [128_000, 0]


def test_each_window_that_is_shipped_is_of_a_model_with_a_price() -> None:
    (table,) = price_tables("")
    priced = {(row.vendor, model) for row in table.price for model in row.models}
    assert {(row.vendor, model) for row in table.window for model in row.models} <= priced
