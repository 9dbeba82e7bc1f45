"""Calls that do not reach their end, whoever is to blame: each is concluded and says how."""

import json
import time
from threading import Thread
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from gatebook.storage.database import open_database
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import Answer
from tests.functional.test_gateway import committed
from tests.gates import SETTINGS, RunningGate, chat, error_of, eventually, open_running_gate
from tests.servers import serving
from tests.simulators.stores import Fault


def check_given(gate: RunningGate, response: httpx.Response) -> None:
    """The outcome of the only call commits to what the agent got, which is not what came."""
    (intent,) = gate.facts("call.intended")
    (outcome,) = gate.facts("call.concluded")
    given = outcome["delivered"]
    assert given["c"] == committed(gate, intent, "reply", response.content)
    assert given["n"] == len(response.content)
    assert given != outcome.get("received")


@pytest.mark.parametrize("status", [400, 404, 422, 429, 500, 503, 529])
def test_an_error_of_the_provider_is_the_agents_to_see(gate: RunningGate, status: int) -> None:
    response = gate.ask(chat(f"sim-error-{status}"))
    assert response.status_code == status
    assert response.json()["error"]["code"] == f"simulated_{status}"
    assert response.headers.get("retry-after-ms") == ("20" if status in (429, 503) else None)
    (outcome,) = gate.facts("call.concluded")
    assert (outcome["ending"], outcome["status"]) == ("complete", status)


def test_an_error_instead_of_a_stream_is_passed_on(gate: RunningGate) -> None:
    response = gate.ask(chat("sim-error-429", stream=True))
    assert response.status_code == 429
    assert response.headers["content-type"] == "application/json"


def test_our_credential_being_rejected_is_not_the_agents_fault(gate: RunningGate) -> None:
    """A 401 would tell the agent that its own key is wrong."""
    response = gate.ask(chat("sim-error-401"))
    assert error_of(response) == (502, "server_error", "upstream_credential_rejected")
    assert response.headers["x-should-retry"] == "false"
    (outcome,) = gate.facts("call.concluded")
    assert outcome["status"] == 401
    assert outcome["received"]["n"] > 0
    check_given(gate, response)


def test_a_stream_that_breaks_off_ends_with_an_error_and_without_done(gate: RunningGate) -> None:
    response = gate.ask(chat("sim-cut", stream=True))
    events = response.text.strip().split("\n\n")
    assert json.loads(events[-1].removeprefix("data: "))["error"]["code"] == "upstream_broken"
    assert "[DONE]" not in response.text
    (outcome,) = gate.facts("call.concluded")
    assert (outcome["ending"], outcome["status"]) == ("upstream_broken", 200)
    assert outcome["chunks"] == 3
    assert outcome["received"]["n"] > 0
    check_given(gate, response)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [(b"application/json", b"<html>"), (b"text/event-stream", b"data: {}\n\ndata: {\n\n")],
)
def test_a_reply_that_nobody_can_read_is_told_beside_what_was_given_for_it(
    sqlite_url: str, media_type: bytes, body: bytes
) -> None:
    async def strange(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await keep_alive(receive, send)
        else:
            await Exchange(scope, receive, send).answer(
                Answer(200, [(b"content-type", media_type)], body)
            )

    database = open_database(sqlite_url)
    with (
        serving(strange) as port,
        open_running_gate(database, provider_url=f"http://127.0.0.1:{port}/v1") as gate,
    ):
        response = gate.ask(chat(stream=media_type == b"text/event-stream"))
        assert response.text.count('"code":"upstream_broken"') == 1
        (intent,) = gate.facts("call.intended")
        (outcome,) = gate.facts("call.concluded")
        assert outcome["ending"] == "upstream_broken"
        assert outcome["received"]["c"] == committed(gate, intent, "reply", body)
        check_given(gate, response)
    database.close()


def test_a_provider_that_is_not_there(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with open_running_gate(database, provider_url="http://127.0.0.1:9/v1") as gate:
        response = gate.ask()
        assert error_of(response) == (503, "server_error", "upstream_unavailable")
        assert response.headers["x-should-retry"] == "true"
        assert response.headers["retry-after"] == "1"
        assert "x-request-id" in response.headers
        (outcome,) = gate.facts("call.concluded")
        assert outcome["ending"] == "upstream_unreachable"
        check_given(gate, response)
    database.close()


@pytest.mark.parametrize(
    ("body", "change", "status"),
    [
        (chat("sim-slow-30"), {"first_byte_seconds": 1}, 0),
        (chat("sim-silent", stream=True), {"silence_seconds": 1}, 200),
        (chat("sim-silent", stream=True), {"total_seconds": 1}, 200),
    ],
)
def test_a_provider_that_falls_silent_is_cut_off(
    sqlite_url: str, body: dict[str, Any], change: dict[str, Any], status: int
) -> None:
    database = open_database(sqlite_url)
    with open_running_gate(database, settings=replace(SETTINGS, **change)) as gate:
        response = gate.ask(body)
        if status:
            assert '"code":"upstream_timeout"' in response.text
            assert "[DONE]" not in response.text
        else:
            assert error_of(response) == (504, "server_error", "upstream_timeout")
            assert response.headers["x-should-retry"] == "false"
        eventually(lambda: gate.provider.left == 1)
        (outcome,) = gate.facts("call.concluded")
        assert (outcome["ending"], outcome.get("status", 0)) == ("upstream_timeout", status)
        check_given(gate, response)
    database.close()


@pytest.mark.parametrize("streams", [False, True])
def test_a_reply_beyond_the_limit_is_cut(sqlite_url: str, streams: bool) -> None:
    database = open_database(sqlite_url)
    settings = replace(SETTINGS, reply_limit_bytes=1024)
    with open_running_gate(database, settings=settings) as gate:
        response = gate.ask(chat("gpt-4o", stream=streams, n=40))
        if streams:
            assert '"code":"reply_too_large"' in response.text
        else:
            assert error_of(response) == (502, "server_error", "reply_too_large")
        (outcome,) = gate.facts("call.concluded")
        assert outcome["ending"] == "too_large"
        check_given(gate, response)
    database.close()


@pytest.mark.parametrize("body", [chat("sim-slow-30"), chat("sim-silent", stream=True)])
def test_an_agent_that_hangs_up_ends_the_call_at_the_provider(
    gate: RunningGate, body: dict[str, Any]
) -> None:
    with pytest.raises(httpx.ReadTimeout):
        gate.http.post(
            f"{gate.base_url}/chat/completions",
            json=body,
            headers={"Authorization": f"Bearer {gate.key}"},
            timeout=0.4,
        )
    eventually(lambda: gate.provider.left == 1)
    eventually(lambda: bool(gate.events("call.concluded")))
    (outcome,) = gate.facts("call.concluded")
    assert outcome["ending"] == "client_disconnected"
    if body.get("stream"):
        assert outcome["chunks"] == 3
        assert outcome["received"]["n"] > 0
    assert gate.ask().status_code == 200


def test_an_agent_that_does_not_read_holds_the_provider_back(sqlite_gate: RunningGate) -> None:
    """What was sent and not read is bounded: the provider waits too."""
    body = chat("gpt-4o", stream=True, n=20_000)
    with sqlite_gate.http.stream(
        "POST",
        f"{sqlite_gate.base_url}/chat/completions",
        json=body,
        headers={"Authorization": f"Bearer {sqlite_gate.key}"},
    ) as response:
        parts = response.iter_raw()
        next(parts)
        time.sleep(1)
        assert sqlite_gate.events("call.concluded") == []
    eventually(lambda: bool(sqlite_gate.events("call.concluded")))
    (outcome,) = sqlite_gate.facts("call.concluded")
    assert outcome["ending"] == "client_disconnected"
    assert outcome["received"]["n"] < 30_000_000


def test_calls_under_way_at_shutdown_are_concluded_and_the_stream_closed(
    sqlite_gate: RunningGate,
) -> None:
    def call() -> None:
        with pytest.raises(httpx.HTTPError):
            sqlite_gate.ask(chat("sim-slow-30")).raise_for_status()

    caller = Thread(target=call)
    caller.start()
    eventually(lambda: len(sqlite_gate.provider.seen) == 1)
    sqlite_gate.stop_serving()
    caller.join()
    (outcome,) = sqlite_gate.facts("call.concluded")
    assert outcome["ending"] == "gateway_stopped"
    assert sqlite_gate.events()[-1].event == "stream.closed"


def test_without_an_intent_nothing_leaves(gate: RunningGate) -> None:
    assert gate.ask().status_code == 200
    gate.store.faults = [Fault.COMMIT]
    response = gate.ask()
    assert error_of(response) == (503, "server_error", "audit_unavailable")
    assert response.headers["x-should-retry"] == "true"
    assert len(gate.provider.seen) == 1
    assert gate.ask().status_code == 200


def test_a_commit_that_failed_and_was_written_is_as_good_as_any(gate: RunningGate) -> None:
    assert gate.ask().status_code == 200
    gate.store.faults = [Fault.COMMIT_WRITTEN]
    assert gate.ask().status_code == 200
    assert len(gate.events("call.intended")) == len(gate.events("call.concluded")) == 2


def test_without_an_outcome_the_answer_is_withheld(gate: RunningGate) -> None:
    assert gate.ask().status_code == 200
    gate.store.faults = [None, Fault.COMMIT]
    response = gate.ask()
    assert error_of(response) == (503, "server_error", "audit_unavailable")
    assert response.headers["x-should-retry"] == "false"
    assert "x-request-id" in response.headers
    assert "simulated" not in response.text


def test_without_an_outcome_a_stream_has_no_end(gate: RunningGate) -> None:
    assert gate.ask().status_code == 200
    gate.store.faults = [None, Fault.COMMIT]
    response = gate.ask(chat("gpt-4o", stream=True))
    events = response.text.strip().split("\n\n")
    assert json.loads(events[-1].removeprefix("data: "))["error"]["code"] == "audit_unavailable"
    assert "[DONE]" not in response.text


def test_refusals_that_could_not_be_recorded_are_counted_and_told_later(gate: RunningGate) -> None:
    assert gate.ask().status_code == 200
    gate.store.faults = [Fault.COMMIT]
    assert error_of(gate.ask(chat("o4-mini")))[0] == 403
    gate.stop_serving()
    (refusal,) = gate.facts("call.refused")
    assert refusal["code"] == "model_not_allowed"
