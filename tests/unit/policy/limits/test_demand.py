"""What is set aside is never less than what a call may use, and what is charged is what it used."""

from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.app.folders import dialects
from gatebook.core.errors import Refused
from gatebook.formats import Call, Operation, Usage
from gatebook.formats.chat import Chat
from gatebook.identity.directory import Provider
from gatebook.policy.limits.demand import (
    UNSEEN_TOKENS,
    Came,
    Charge,
    Demand,
    Worst,
    charge,
    fitted,
    worst,
)
from gatebook.policy.limits.prices import Price, Rates
from gatebook.policy.limits.settings import LimitSettings
from gatebook.providers import Dialect
from tests.decisions import OPENAI

SETTINGS = LimitSettings()
ONE = Rates(
    input=1_000_000,
    cached_input=500_000,
    cache_write=2_000_000,
    cache_write_long=3_000_000,
    output=4_000_000,
)
PRICE = Price(tiers=((0, ONE),), context_window=5000)
REASONS = Price(tiers=((0, ONE),), hides_output=True)
BODY = b'{"model":"m","messages":[]}'


def call(*, meter: Any = "tokens", **fields: Any) -> Call:
    operation = Operation(
        dialect="openai",
        name="chat.completions",
        method="POST",
        path="/v1/chat/completions",
        has_body=True,
        format=Chat(),
        meter=meter,
    )
    said = {"model": "m", "body": BODY, "max_tokens": 100, "is_text": True}
    return Call(operation=operation, path=operation.path, **{**said, **fields})


def provider(base_url: str) -> Provider:
    return replace(OPENAI, base_url=base_url)


def most(asked: Call, price: Price | None = PRICE, settings: LimitSettings = SETTINGS) -> Worst:
    return worst(asked, price, {"tokens", "money"}, settings)


def came(ending: str = "complete", status: int = 200, **fields: Any) -> Came:
    said = {"usage": Usage(), "chunks": 0, "text_bytes": 0}
    return Came(ending=ending, status=status, **{**said, **fields})


def test_every_byte_may_be_a_token_and_every_choice_as_long_as_it_may_be() -> None:
    found = most(call(choices=3))
    assert found.tokens_in == len(BODY) + UNSEEN_TOKENS
    assert found.tokens_out == 300
    assert found.money == 3 * found.tokens_in + 4 * 300  # as if all were written to a cache
    assert found.demand == Demand(1, found.tokens, found.money, 1)


def test_without_a_limit_on_money_no_price_is_needed() -> None:
    found = worst(call(), None, {"tokens"}, SETTINGS)
    assert found.money == 0
    assert worst(call(max_tokens=None), None, {"requests"}, SETTINGS) == Worst(0, 0, 0)


def test_what_is_free_needs_nothing() -> None:
    assert most(call(meter="free", max_tokens=None), None) == Worst(0, 0, 0)


@pytest.mark.parametrize("dialect", dialects().values(), ids=dialects().keys())
def test_what_is_only_shown_is_free(dialect: Dialect) -> None:
    shown = [each for each in dialect.OPERATIONS if each.method == "GET"]
    assert {each.meter for each in shown} <= {"free"}


def test_what_only_reads_writes_nothing() -> None:
    assert most(call(max_tokens=0)).tokens_out == 0


@pytest.mark.parametrize("fields", [{"is_text": False}, {"state": "asked"}])
def test_where_the_body_is_no_bound_the_context_window_is(fields: dict[str, Any]) -> None:
    assert most(call(**fields)).tokens_in == 5000
    with pytest.raises(Refused) as refused:
        most(call(**fields), REASONS)
    assert refused.value.code == "usage_unbounded"
    settings = LimitSettings(unbounded_call_tokens=70)
    assert most(call(**fields), REASONS, settings).tokens_in == 70


def test_what_is_fetched_is_read_once_and_fits_into_the_window() -> None:
    found = most(call(is_text=False, hosted_tools=("fetch:a.example",)))
    assert (found.tokens_in, found.is_looped) == (5000, False)


@pytest.mark.parametrize(
    "fields",
    [
        {"hosted_tools": ("web_search",)},
        {"hosted_tools": ("fetch:a.example", "member:x")},
        {"is_repeated": True},
        {"meter": "other"},
    ],
)
def test_what_no_window_bounds_is_refused_or_counts_what_the_operator_says(
    fields: dict[str, Any],
) -> None:
    with pytest.raises(Refused):
        most(call(**fields))
    settings = LimitSettings(unbounded_call_tokens=70, unpriced_call_micros=9)
    assert most(call(**fields), PRICE, settings).tokens_in == 70


def test_what_is_not_paid_by_tokens_counts_what_the_operator_says() -> None:
    images = call(meter="other", max_tokens=None)
    with pytest.raises(Refused):
        most(images)
    settings = LimitSettings(unpriced_call_micros=9)
    assert worst(images, PRICE, {"money"}, settings) == Worst(0, 0, 9, is_flat=True)
    assert worst(replace(images, choices=10), PRICE, {"money"}, settings).money == 90


def test_what_is_heard_or_shown_is_not_paid_for_as_text() -> None:
    with pytest.raises(Refused) as refused:
        most(call(is_priced_apart=True))
    assert refused.value.code == "price_unknown"
    assert most(call(is_priced_apart=True), PRICE, LimitSettings(unpriced_call_micros=9)).is_flat


def test_what_is_longer_than_any_price_is_for_has_none() -> None:
    short = Price(tiers=((10, ONE),))
    with pytest.raises(Refused) as refused:
        most(call(), short)
    assert refused.value.code == "price_unknown"


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://api.openai.com/v1", b"max_completion_tokens"),
        ("https://eu.api.openai.com/v1", b"max_completion_tokens"),
        ("https://api.openai.com.example/v1", b"max_tokens"),
        ("http://127.0.0.1:11434", b"max_tokens"),
    ],
)
def test_a_call_that_names_no_limit_of_output_is_given_one(base_url: str, name: bytes) -> None:
    asked = fitted(call(max_tokens=None), provider(base_url), SETTINGS)
    assert asked.max_tokens == SETTINGS.missing_max_tokens
    assert b'"%b":4096' % name in asked.body
    assert most(asked).tokens_out == 4096


def test_a_call_that_names_one_keeps_its_bytes() -> None:
    asked = call()
    assert fitted(asked, provider("https://api.openai.com/v1"), SETTINGS) is asked


def test_what_can_name_none_is_refused() -> None:
    with pytest.raises(Refused):
        most(call(max_tokens=None))


def test_without_a_price_a_call_is_refused_or_counts_what_the_operator_says() -> None:
    with pytest.raises(Refused) as refused:
        most(call(), None)
    assert refused.value.code == "price_unknown"
    found = most(call(), None, LimitSettings(unpriced_call_micros=9))
    assert (found.money, found.is_flat) == (9, True)


@pytest.mark.parametrize(
    "member",
    [
        b'"service_tier":"priority"',
        b'"service_tier":1',
        b'"serviceTier":"priority"',
        b'"serviceTier":{"type":"reserved"}',
        b'"performanceConfig":{"latency":"optimized"}',
        b'"service_ti\\u0065r":"priority"',
        b'"speed":"fast"',
        b'"inference_geo":"us"',
    ],
)
def test_a_mode_that_costs_more_than_the_price_has_no_price(member: bytes) -> None:
    with pytest.raises(Refused, match="nobody has said"):
        most(call(body=b"{%b}" % member))


@pytest.mark.parametrize(
    "member",
    [
        b'"service_tier":"auto"',
        b'"service_tier":null',
        b'"speed":"standard"',
        b'"serviceTier":"standard"',
        b'"serviceTier":{"type":"default"}',
        b'"performanceConfig":{"latency":"standard"}',
    ],
)
def test_the_usual_mode_has_its_price(member: bytes) -> None:
    assert most(call(body=b"{%b}" % member)).money > 0


WORST = Worst(1000, 100, 5000)


def test_a_complete_call_is_charged_what_the_provider_reported() -> None:
    usage = Usage(tokens_in=10, tokens_out=5)
    assert charge(came(usage=usage), WORST, PRICE) == Charge(15, 30, "reported")


def test_an_agent_without_limits_is_charged_too_where_a_price_is_known() -> None:
    assert charge(came(usage=Usage(10, 5)), None, PRICE) == Charge(15, 30, "reported")
    assert charge(came(usage=Usage(10, 5)), None, None) == Charge(15, 0, "reported")
    assert charge(came(), None, PRICE) == Charge()


@pytest.mark.parametrize("ending", ["not_sent", "upstream_unreachable"])
def test_what_never_left_is_not_charged(ending: str) -> None:
    ended = came(ending, 0)
    assert not ended.has_left
    assert charge(ended, WORST, PRICE) == Charge()


def test_what_the_provider_answered_with_an_error_is_not_charged() -> None:
    assert charge(came(status=500), WORST, PRICE) == Charge()
    assert came(status=500).has_left


def test_a_failure_that_is_not_the_providers_own_word_is_charged_as_it_was_set_aside() -> None:
    assert charge(came("upstream_broken", 503), WORST, PRICE) == Charge(1100, 5000, "reserved")
    assert charge(came("upstream_broken", 429), WORST, PRICE) == Charge()


@pytest.mark.parametrize(
    "ending", ["complete", "client_disconnected", "upstream_timeout", "gateway_stopped"]
)
def test_what_nobody_counted_is_charged_as_it_was_set_aside(ending: str) -> None:
    assert charge(came(ending), WORST, PRICE) == Charge(1100, 5000, "reserved")


@pytest.mark.parametrize(
    ("fields", "tokens_out"),
    [
        ({"chunks": 7}, 7),
        ({"chunks": 2, "text_bytes": 31}, 11),
        ({"chunks": 1, "usage": Usage(0, 20)}, 20),
        ({"chunks": 1, "text_bytes": 10_000}, 100),
    ],
)
def test_a_stream_that_was_cut_is_charged_what_came_of_it(
    fields: dict[str, Any], tokens_out: int
) -> None:
    found = charge(came("client_disconnected", **fields), WORST, PRICE)
    assert found == Charge(1000 + tokens_out, 1000 + 4 * tokens_out, "counted")


def test_a_stream_that_was_cut_is_charged_the_input_that_was_reported_by_then() -> None:
    found = charge(came("client_disconnected", chunks=7, usage=Usage(30, 1)), WORST, PRICE)
    assert found == Charge(37, 30 + 28, "counted")


@pytest.mark.parametrize("price", [REASONS, None])
def test_nothing_is_counted_of_a_model_that_may_write_what_it_does_not_show(
    price: Price | None,
) -> None:
    found = charge(came("client_disconnected", chunks=7), WORST, price)
    assert found == Charge(1100, 5000, "reserved")


def test_of_a_call_with_tools_of_the_vendor_what_came_tells_little() -> None:
    settings = LimitSettings(unbounded_call_tokens=70)
    looped = most(call(hosted_tools=("web_search",)), PRICE, settings)
    found = charge(came("client_disconnected", chunks=7), looped, PRICE)
    assert found == Charge(looped.tokens, looped.money, "reserved")
    assert charge(came(usage=Usage(10, 5)), looped, PRICE).basis == "reported"


def test_a_flat_amount_is_charged_whatever_was_reported() -> None:
    flat = Worst(1000, 100, 9, is_flat=True)
    assert charge(came(usage=Usage(10, 5)), flat, PRICE) == Charge(15, 9, "reported")


def test_a_provider_cannot_report_more_than_the_book_can_hold() -> None:
    found = charge(came(usage=Usage(2**50 - 1, 2**50 - 1)), WORST, PRICE)
    assert max(found.tokens, found.money) < 2**53
