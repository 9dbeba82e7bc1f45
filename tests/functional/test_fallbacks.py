"""A call goes by another way only where nothing was executed, and the record says by which."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from bench.faulty import FaultyVendor
from gatebook.core.secret import Secret
from gatebook.gateway.settings import UpstreamSettings
from gatebook.storage.database import open_database
from tests.gates import SETTINGS, RunningGate, eventually, open_running_gate

UPSTREAM = UpstreamSettings(breaker_failures=3, breaker_seconds=1)


@pytest.fixture
def vendor() -> Iterator[FaultyVendor]:
    """A vendor that fails as the model says."""
    with FaultyVendor() as running:
        yield running


@pytest.fixture
def gate(sqlite_url: str, vendor: FaultyVendor) -> Iterator[RunningGate]:
    """A gate whose first provider is that vendor, for models that fail and for no others."""
    with ExitStack() as stack:
        database = open_database(sqlite_url)
        stack.callback(database.close)
        yield stack.enter_context(
            open_running_gate(
                database, settings=SETTINGS, upstream=UPSTREAM, provider_url=vendor.url
            )
        )


def add(gate: RunningGate, command: str, **values: Any) -> None:
    """Give an order and wait until the gate knows of it."""
    snapshots = gate.application._gate.snapshots
    revision = snapshots.current().directory.revision
    gate.office.clock.advance(1)  # what was added first is tried first
    gate.office.order(command, **values)
    eventually(lambda: snapshots.current().directory.revision > revision)


def with_second(gate: RunningGate, name: str = "second", dialect: str = "openai") -> None:
    add(
        gate,
        "add_provider",
        provider=name,
        dialect=dialect,
        key=Secret("sk-second"),
        base_url=gate.vendor_url,
        model=["gpt-*", "claude-*"],
    )


def ask(gate: RunningGate, fault: str, **fields: Any) -> httpx.Response:
    body = {"model": f"fault-{fault}", "messages": [{"role": "user", "content": "hi"}], **fields}
    return gate.ask(body)


def intents(gate: RunningGate) -> list[tuple[int, str, str, str]]:
    """Of each intent: its place among the ways, its operation, its model and what was asked."""
    return [
        (
            fact.get("attempt", 0),
            fact["operation"],
            fact["model"],
            f"{fact.get('asked_operation', '')} {fact.get('asked_model', '')}".strip(),
        )
        for fact in gate.facts("call.intended")
    ]


def endings(gate: RunningGate) -> list[str]:
    return [fact["ending"] for fact in gate.facts("call.concluded")]


@pytest.mark.parametrize("fault", ["429", "503"])
def test_a_provider_that_did_not_carry_a_call_out_is_followed_by_the_next(
    gate: RunningGate, fault: str
) -> None:
    with_second(gate)
    add(gate, "add_fallback", model="fault-*", provider="second", target="gpt-4o-mini")
    response = ask(gate, fault)
    assert response.status_code == 200
    assert response.json()["model"] == "gpt-4o-mini"
    assert response.headers["x-gatebook-fallback"] == "provider=second; model=gpt-4o-mini"
    last = gate.events("call.intended")[-1]
    assert response.headers["x-request-id"].endswith(f".{last.sq}")
    asked = f"fault-{fault}"
    assert intents(gate) == [
        (0, "chat.completions", asked, ""),
        (1, "chat.completions", "gpt-4o-mini", f"chat.completions {asked}"),
    ]
    assert endings(gate) == ["not_executed", "complete"]
    (seen,) = gate.provider.seen
    assert json.loads(seen.body)["model"] == "gpt-4o-mini"
    assert seen.headers["authorization"] == "Bearer sk-second"


@pytest.mark.parametrize(
    "fault", ["500", "503-between", "reset", "closed", "half-closed", "not-http"]
)
def test_what_may_have_been_executed_is_not_sent_again(gate: RunningGate, fault: str) -> None:
    with_second(gate)
    add(gate, "add_fallback", model="fault-*", provider="second", target="gpt-4o-mini")
    assert ask(gate, fault).status_code in (500, 502, 503)
    assert len(intents(gate)) == 1
    assert gate.provider.seen == []


def test_what_a_server_in_between_says_is_charged_as_it_was_set_aside(gate: RunningGate) -> None:
    add(gate, "set_limit", limit="30000tokens/day", agent="bot")
    for fault in ("503", "503-between"):
        ask(gate, fault, max_tokens=5)
    (intent, _) = gate.facts("call.intended")
    free, charged = gate.facts("call.concluded")
    assert "charged_by" not in free
    assert (charged["charged_by"], charged["ending"]) == ("reserved", "upstream_broken")
    assert abs(charged["charged_tokens"] - intent["reserved_tokens"]) < 20


def test_a_fallback_that_a_limit_refuses_is_left_out(gate: RunningGate) -> None:
    with_second(gate)
    add(gate, "set_price", model="fault-*", input="1", output="2", context_window=128_000)
    add(gate, "set_price", model="gpt-4o-mini", input="1", output="2", context_window=128_000)
    add(gate, "set_limit", limit="20usd/month", agent="bot")
    add(gate, "add_fallback", model="fault-*", provider="second", target="gpt-unpriced")
    add(gate, "add_fallback", model="fault-*", provider="second", target="gpt-4o-mini")
    response = ask(gate, "429")
    assert (response.status_code, response.json()["model"]) == (200, "gpt-4o-mini")
    assert [way[0] for way in intents(gate)] == [0, 2]
    assert endings(gate) == ["not_executed", "complete"]


def test_a_limit_that_refuses_the_last_way_is_what_the_agent_is_told(gate: RunningGate) -> None:
    with_second(gate)
    add(gate, "set_price", model="fault-*", input="1", output="2", context_window=128_000)
    add(gate, "set_limit", limit="20usd/month", agent="bot")
    add(gate, "add_fallback", model="fault-*", provider="second", target="gpt-unpriced")
    response = ask(gate, "429")
    assert (response.status_code, response.json()["error"]["code"]) == (403, "price_unknown")
    assert endings(gate) == ["not_executed"]
    assert [fact["code"] for fact in gate.facts("call.refused")] == ["price_unknown"]


def test_a_provider_that_cannot_be_reached_is_followed_by_the_next(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with open_running_gate(database, provider_url="http://127.0.0.1:9") as gate:
        with_second(gate)
        response = gate.ask()
        assert (response.status_code, response.json()["model"]) == (200, "gpt-4o")
        assert endings(gate) == ["upstream_unreachable", "complete"]
        assert [fact["provider"] for fact in gate.facts("call.intended")] == [
            provider.id for provider in gate.office.directory.providers.values()
        ]
    database.close()


def test_without_another_way_the_agent_is_told_what_the_provider_said(gate: RunningGate) -> None:
    response = ask(gate, "429")
    assert (response.status_code, response.json()["error"]["message"]) == (429, "Not now.")
    assert "x-gatebook-fallback" not in response.headers


def test_an_agent_falls_back_to_what_it_may_use_and_to_nothing_else(gate: RunningGate) -> None:
    with_second(gate)
    add(gate, "add_fallback", model="fault-*", provider="second", target="o9-secret")
    assert ask(gate, "429").status_code == 429
    assert gate.provider.seen == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_falls_back_to_messages(gate: RunningGate, *, stream: bool) -> None:
    with_second(gate, "claude", "anthropic")
    add(gate, "add_fallback", model="fault-*", provider="claude", target="claude-haiku-5-5")
    response = ask(gate, "503", stream=stream)
    assert response.status_code == 200
    assert response.headers["x-gatebook-fallback"] == "provider=claude; model=claude-haiku-5-5"
    assert intents(gate)[1] == (
        1,
        "messages",
        "claude-haiku-5-5",
        "chat.completions fault-503",
    )
    concluded = gate.facts("call.concluded")[-1]
    assert concluded["tokens_out"] > 0
    assert concluded["received"] != concluded["delivered"]
    (seen,) = gate.provider.seen
    assert (seen.path, seen.headers["x-api-key"]) == ("/v1/messages", "sk-second")
    if stream:
        assert response.text.endswith("data: [DONE]\n\n")
        assert "chat.completion.chunk" in response.text
    else:
        assert response.json()["object"] == "chat.completion"


@pytest.mark.parametrize("stream", [False, True])
def test_messages_fall_back_to_a_chat(gate: RunningGate, *, stream: bool) -> None:
    # The first provider of this dialect is the vendor that fails.
    add(
        gate,
        "add_provider",
        provider="claude",
        dialect="anthropic",
        key=Secret("k"),
        base_url=next(iter(gate.office.directory.providers.values())).base_url,
        model=["fault-*"],
    )
    with_second(gate)
    add(gate, "add_fallback", model="fault-*", provider="second", target="gpt-4o")
    body = {
        "model": "fault-503",
        "max_tokens": 9,
        "stream": stream,
        "messages": [{"role": "user", "content": "hi"}],
    }
    headers = {"x-api-key": gate.key, "anthropic-version": "2023-06-01"}
    response = gate.http.post(f"{gate.base_url}/messages", json=body, headers=headers)
    assert response.status_code == 200
    if stream:
        assert response.text.rstrip().endswith('data: {"type":"message_stop"}')
    else:
        assert (response.json()["type"], response.json()["stop_reason"]) == ("message", "end_turn")
    assert intents(gate)[1][1:] == ("chat.completions", "gpt-4o", "messages fault-503")


def test_what_cannot_be_said_in_the_other_dialect_does_not_go_there(gate: RunningGate) -> None:
    with_second(gate, "claude", "anthropic")
    add(gate, "add_fallback", model="fault-*", provider="claude", target="claude-haiku-5-5")
    assert ask(gate, "503", n=2).status_code == 503
    assert gate.provider.seen == []


def test_a_provider_that_fails_is_left_alone_and_tried_again(
    gate: RunningGate, vendor: FaultyVendor
) -> None:
    for _ in range(UPSTREAM.breaker_failures):
        assert ask(gate, "500").status_code == 500
    asked = vendor.requests
    refused = ask(gate, "500")
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "upstream_unavailable"
    assert int(refused.headers["retry-after"]) >= 1
    assert vendor.requests == asked
    eventually(lambda: ask(gate, "500").status_code == 500)  # the trial, which fails
    assert vendor.requests == asked + 1
    (opened,) = gate.facts("circuit.opened")
    assert (opened["model"], opened["failures"]) == ("fault-500", 3)
    assert gate.facts("circuit.closed") == []


def test_a_call_that_a_limit_refuses_does_not_use_up_the_trial_of_a_provider(
    gate: RunningGate,
) -> None:
    poor = gate.office.enroll(name="poor", model=["fault-*"]).shown_once
    assert poor is not None
    add(gate, "set_price", model="fault-*", input="1", output="2", context_window=128_000)
    add(gate, "set_limit", limit="0.000001usd/month", agent="poor")
    for _ in range(UPSTREAM.breaker_failures):
        ask(gate, "500")
    assert ask(gate, "500").status_code == 503
    time.sleep(UPSTREAM.breaker_seconds)
    body = {"model": "fault-500", "messages": []}
    for _ in range(3):
        refused = gate.http.post(
            f"{gate.base_url}/chat/completions",
            json=body,
            headers={"Authorization": f"Bearer {poor.reveal()}"},
        )
        assert refused.json()["error"]["code"] == "insufficient_quota"
    assert ask(gate, "500").status_code == 500  # it is tried out


def test_a_provider_whose_streams_end_with_errors_is_left_alone(gate: RunningGate) -> None:
    for fault in ("stream-error", "stream-cut"):
        for _ in range(UPSTREAM.breaker_failures):
            assert ask(gate, fault, stream=True).status_code == 200
        assert ask(gate, fault, stream=True).status_code == 503
    (counted,) = gate.application._gate.probes._calls.values()
    assert counted == [0, 2 * UPSTREAM.breaker_failures]


def test_calls_are_counted_by_how_they_went(gate: RunningGate) -> None:
    ask(gate, "well")
    ask(gate, "500")
    assert dict(gate.application._gate.probes._calls) == {
        fact["provider"]: [1, 1] for fact in gate.facts("call.intended")
    }


def test_the_agent_of_another_organization_does_not_fall_back_to_this_ones_provider(
    gate: RunningGate,
) -> None:
    gate.office.order("create_organization", slug="other")
    add(
        gate,
        "add_provider",
        organization="other",
        provider="theirs",
        key=Secret("k"),
        base_url=gate.vendor_url,
    )
    add(
        gate,
        "add_fallback",
        organization="other",
        model="fault-*",
        provider="theirs",
        target="gpt-4o",
    )
    assert ask(gate, "429").status_code == 429
