"""A limit is set on what is named, replaced when it is set again, and never of nothing."""

from typing import Any

import pytest

from gatebook.core.errors import Invalid, NotFound
from gatebook.identity.directory import Limit
from tests.decisions import ALL, decide
from tests.simulators.records import MemoryRecords


def limited(text: str, records: MemoryRecords | None = None, **values: Any) -> Limit:
    (limit,) = decide("set_limit", records, limit=text, **values).saves
    assert isinstance(limit, Limit)
    return limit


@pytest.mark.parametrize(
    ("text", "measure", "period", "amount"),
    [
        ("20usd/month", "money", "month", 20_000_000),
        ("0.000001usd/day", "money", "day", 1),
        ("60requests/minute", "requests", "minute", 60),
        ("100000tokens/day", "tokens", "day", 100_000),
        ("5concurrent", "concurrent", "none", 5),
    ],
)
def test_a_limit_means_what_it_says(text: str, measure: str, period: str, amount: int) -> None:
    limit = limited(text)
    assert (limit.measure, limit.period, limit.amount) == (measure, period, amount)


def test_it_binds_what_is_named_and_otherwise_the_organization() -> None:
    assert limited("5concurrent", agent="mailer").subject_id == "agt_1"
    assert limited("5concurrent", workspace="main").subject_id == "wsp_1"
    assert limited("5concurrent").subject_id == "org_1"
    with pytest.raises(Invalid, match="an agent or a workspace"):
        limited("5concurrent", agent="mailer", workspace="main")
    with pytest.raises(NotFound):
        limited("5concurrent", agent="nobody")


def test_setting_it_again_keeps_its_id_and_so_what_was_used_of_it() -> None:
    first = limited("20usd/month", agent="mailer")
    records = MemoryRecords(*ALL, first)
    again = limited("30usd/month", records, agent="mailer")
    assert (again.id, again.amount, again.created_at) == (first.id, 30_000_000, first.created_at)
    assert limited("30usd/day", records, agent="mailer").id != first.id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20",
        "20usd",
        "20usd/year",
        "usd/month",
        "-1usd/day",
        "1.5requests/day",
        "5concurrent/day",
    ],
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="20usd/month"):
        limited(text)


@pytest.mark.parametrize("text", ["0usd/day", "0.00usd/day", "0concurrent"])
def test_a_limit_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="of nothing"):
        limited(text)


def test_the_event_says_all_of_it() -> None:
    event: Any = decide("set_limit", limit="20usd/month", agent="mailer").event
    assert event.keywords == {
        "object": event.keywords["object"],
        "subject": "agent",
        "subject_id": "agt_1",
        "measure": "money",
        "period": "month",
        "amount": 20_000_000,
    }
