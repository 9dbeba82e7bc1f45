"""Limits over real sockets and a real database: what is refused, how, and what is counted."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from gatebook.policy.limits.settings import LimitSettings
from gatebook.storage.database import open_database
from tests.accounts import every_account
from tests.gates import RunningGate, chat, error_of, eventually, open_running_gate

PRICE: dict[str, Any] = {"model": "gpt-*", "input": "1", "output": "2", "context_window": 128_000}


def bind(gate: RunningGate, *limits: str, price: bool = True) -> list[str]:
    """Set limits on the agent, and wait until they bind it; their ids."""
    if price:
        gate.office.order("set_price", **PRICE)
    ids = [
        gate.office.order("set_limit", limit=limit, agent="bot").values["id"] for limit in limits
    ]
    revision = gate.office.directory.revision
    snapshots = gate.application._gate.snapshots
    eventually(lambda: snapshots.current().directory.revision == revision)
    return ids


def used(gate: RunningGate, limit: str) -> int:
    """What the database says is used of a limit in its newest period."""
    found = {w: a for w, a in every_account(gate.database).items() if w.limit == limit}
    return found[max(found)].used if found else 0


def test_a_call_within_its_limits_is_charged_what_the_provider_reported(
    gate: RunningGate,
) -> None:
    money, tokens, requests = bind(gate, "1usd/month", "100000tokens/day", "60requests/minute")
    answer = gate.ask(chat(max_tokens=50))
    assert answer.status_code == 200
    (intent,) = gate.facts("call.intended")
    assert sorted(intent["limits"]) == sorted([money, tokens, requests])
    (outcome,) = gate.facts("call.concluded")
    usage = answer.json()["usage"]
    assert outcome["charged_by"] == "reported"
    assert outcome["charged_tokens"] == usage["total_tokens"] < intent["reserved_tokens"]
    cost = usage["prompt_tokens"] + 2 * usage["completion_tokens"]
    assert outcome["charged_micros"] == cost < intent["reserved_micros"]
    eventually(lambda: used(gate, money) == cost)
    assert used(gate, tokens) == usage["total_tokens"]


def test_a_missing_limit_of_output_is_put_in_where_tokens_count(sqlite_gate: RunningGate) -> None:
    gate = sqlite_gate
    gate.ask(chat())
    bind(gate, "100000tokens/day")
    gate.ask(chat())
    free, bound = (json.loads(seen.body) for seen in gate.provider.seen)
    assert "max_tokens" not in free
    assert bound["max_tokens"] == LimitSettings().missing_max_tokens


def test_a_spent_budget_is_said_to_be_so_and_not_worth_repeating(sqlite_gate: RunningGate) -> None:
    gate = sqlite_gate
    (limit,) = bind(gate, "0.0001usd/month")
    answer = gate.ask(chat())
    assert error_of(answer) == (429, "insufficient_quota", "insufficient_quota")
    assert answer.headers["x-should-retry"] == "false"
    said = answer.json()["error"]["message"]
    assert "0.0001 USD a month" in said
    assert "begins anew at 2026-12-01T00:00Z" in said
    (refusal,) = gate.facts("call.refused")
    assert refusal["code"] == "insufficient_quota"
    assert refusal["rule"] == f"limit.{limit}"
    assert gate.provider.seen == []


def test_a_rate_is_refused_with_the_time_to_wait(sqlite_gate: RunningGate) -> None:
    gate = sqlite_gate
    bind(gate, "2requests/minute")
    answers = [gate.ask() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert error_of(answers[2]) == (429, "rate_limit_error", "rate_limit_exceeded")
    assert answers[2].headers["x-should-retry"] == "true"
    assert 25 <= int(answers[2].headers["retry-after"]) <= 30


def test_an_agent_is_told_what_is_left_of_its_rates_and_not_of_the_vendors(
    sqlite_gate: RunningGate,
) -> None:
    gate = sqlite_gate
    bind(gate, "60requests/minute")
    answer = gate.ask()
    assert answer.headers["x-ratelimit-limit-requests"] == "60"
    assert answer.headers["x-ratelimit-remaining-requests"] == "59"
    assert answer.headers["anthropic-ratelimit-requests-remaining"] == "59"
    assert answer.headers["x-ratelimit-reset-requests"] == "1000ms"
    assert "x-ratelimit-limit-tokens" not in answer.headers


def test_what_nobody_has_a_price_for_is_refused_under_a_budget_in_money(
    sqlite_gate: RunningGate,
) -> None:
    bind(sqlite_gate, "20usd/month", price=False)
    answer = sqlite_gate.ask(chat())
    assert error_of(answer) == (403, "permission_error", "price_unknown")
    assert (
        sqlite_gate.http.get(
            f"{sqlite_gate.base_url}/models",
            headers={"Authorization": f"Bearer {sqlite_gate.key}"},
        ).status_code
        == 200
    )


def test_a_ceiling_counts_for_what_nobody_has_a_price_for_and_402_can_be_asked_for(
    sqlite_url: str,
) -> None:
    limits = LimitSettings(unpriced_call_micros=600_000, exhausted_status=402)
    database = open_database(sqlite_url)
    with open_running_gate(database, limits=limits) as gate:
        (limit,) = bind(gate, "1usd/month", price=False)
        assert gate.ask(chat(max_tokens=5)).status_code == 200
        (outcome,) = gate.facts("call.concluded")
        assert outcome["charged_micros"] == 600_000
        assert error_of(gate.ask(chat(max_tokens=5)))[0] == 402
        eventually(lambda: used(gate, limit) == 600_000)
    database.close()


def test_a_call_that_never_left_counts_nothing(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with open_running_gate(database, provider_url="http://127.0.0.1:9") as gate:
        (limit,) = bind(gate, "1requests/day")
        for _ in range(3):
            assert gate.ask().status_code == 503
        eventually(lambda: not open_leases(gate, limit))
        assert used(gate, limit) == 0
    database.close()


def open_leases(gate: RunningGate, limit: str) -> int:
    """What is leased of a limit."""
    return sum(a.leased for w, a in every_account(gate.database).items() if w.limit == limit)


def leave_a_stream(gate: RunningGate) -> tuple[dict[str, Any], dict[str, Any]]:
    """Hang up on a stream that has begun; its intent and its outcome."""
    body = chat("sim-silent", max_tokens=200, stream=True)
    url = f"{gate.base_url}/chat/completions"
    headers = {"Authorization": f"Bearer {gate.key}"}
    with httpx.stream("POST", url, json=body, headers=headers) as answer:
        text = answer.iter_lines()
        while not next(text).startswith("data: "):
            pass
    assert gate.ending() == "client_disconnected"
    (intent,), (outcome,) = gate.facts("call.intended"), gate.facts("call.concluded")
    return intent, outcome


def test_a_stream_that_its_agent_leaves_counts_what_came_of_it(sqlite_gate: RunningGate) -> None:
    gate = sqlite_gate
    gate.office.order("set_price", model="sim-*", input="1", output="1")
    (limit,) = bind(gate, "100000tokens/day")
    intent, outcome = leave_a_stream(gate)
    assert outcome["charged_by"] == "counted"
    came = outcome["charged_tokens"] - (intent["reserved_tokens"] - 200)
    assert outcome["chunks"] <= came <= outcome["chunks"] + 10
    eventually(lambda: used(gate, limit) == outcome["charged_tokens"])


@pytest.mark.parametrize("hides_output", [True, None])
def test_a_stream_that_may_hide_what_it_costs_counts_as_set_aside(
    sqlite_gate: RunningGate, hides_output: bool | None
) -> None:
    gate = sqlite_gate
    if hides_output:
        gate.office.order("set_price", model="sim-*", input="1", output="1", hides_output=True)
    (limit,) = bind(gate, "100000tokens/day")
    intent, outcome = leave_a_stream(gate)
    assert outcome["charged_by"] == "reserved"
    assert outcome["charged_tokens"] == intent["reserved_tokens"]
    eventually(lambda: used(gate, limit) == intent["reserved_tokens"])


def test_one_call_of_many_gets_a_budget_for_one(gate: RunningGate) -> None:
    requests, _ = bind(gate, "1requests/day", "1usd/month")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: gate.ask(chat(max_tokens=5)), range(60)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 429: 59}
    assert len(gate.provider.seen) == 1
    eventually(lambda: used(gate, requests) == 1)


def test_each_way_of_a_call_is_held_to_its_limits_and_only_what_was_executed_counts(
    sqlite_gate: RunningGate,
) -> None:
    gate = sqlite_gate
    gate.office.order("set_price", model="sim-error-503", input="1000", output="1000")
    gate.office.order("add_fallback", model="sim-error-503", provider="simulated", target="gpt-4o")
    requests, money = bind(gate, "9requests/day", "20usd/month")
    answer = gate.ask(chat("sim-error-503", max_tokens=10))
    assert answer.status_code == 200
    first, second = gate.facts("call.intended")
    assert first["reserved_micros"] > 100 * second["reserved_micros"]
    given_up, concluded = gate.facts("call.concluded")
    assert given_up["ending"] == "not_executed"
    assert "charged_by" not in given_up
    assert concluded["charged_by"] == "reported"
    eventually(lambda: used(gate, requests) == 1)
    assert used(gate, money) == concluded["charged_micros"]


def test_a_way_that_its_limits_do_not_leave_room_for_is_refused(sqlite_gate: RunningGate) -> None:
    gate = sqlite_gate
    gate.office.order("set_price", model="sim-error-503", input="0", output="0")
    gate.office.order("add_fallback", model="sim-error-503", provider="simulated", target="gpt-4o")
    bind(gate, "0.000001usd/month")
    answer = gate.ask(chat("sim-error-503", max_tokens=10))
    assert error_of(answer) == (429, "insufficient_quota", "insufficient_quota")
    assert [seen.path for seen in gate.provider.seen].count("/v1/chat/completions") == 1
