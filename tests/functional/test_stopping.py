"""What is stopped gets no call through, and what is under way is cut in its own terms."""

import asyncio
import json
import time
from threading import Thread
from typing import Any

import httpx
import pytest

from gatebook.core.errors import Conflict, Invalid, NotFound
from gatebook.core.secret import Secret
from tests.functional.test_control import body_of
from tests.functional.test_gateway import committed
from tests.functional.test_limits import bind, used
from tests.functional.test_why import rescope
from tests.gates import RunningGate, chat, error_of, eventually

SILENT = chat("sim-silent", stream=True)


class Caller:
    """An agent that waits for the answer to one call."""

    def __init__(self, gate: RunningGate, body: dict[str, Any]) -> None:
        self.answers: list[httpx.Response] = []
        self._thread = Thread(target=lambda: self.answers.append(gate.ask(body)))
        seen = len(gate.provider.seen)
        self._thread.start()
        eventually(lambda: len(gate.provider.seen) > seen)
        if body.get("stream"):
            time.sleep(0.1)  # some of it has come

    def answer(self) -> httpx.Response:
        """What came in the end."""
        self._thread.join(10)
        (answer,) = self.answers
        return answer


@pytest.mark.parametrize(
    ("kind", "name", "code"),
    [
        ("platform", "", "stopped"),
        ("organization", "default", "stopped"),
        ("workspace", "default", "stopped"),
        ("provider", "simulated", "stopped"),
        ("model", "gpt-*", "stopped"),
        ("agent", "bot", "stopped"),
        ("quarantine", "bot", "agent_quarantined"),
    ],
)
def test_what_is_stopped_is_refused_and_not_tried_again(
    sqlite_gate: RunningGate, kind: str, name: str, code: str
) -> None:
    stop = sqlite_gate.engage(kind, name, reason="found in a gist")
    response = sqlite_gate.ask()
    assert error_of(response) == (403, "permission_error", code)
    assert response.headers["x-should-retry"] == "false"
    message = response.json()["error"]["message"]
    assert name.strip("*") in message
    assert stop in message
    assert "gist" not in message
    assert sqlite_gate.provider.seen == []
    (refused,) = sqlite_gate.facts("call.refused")
    assert (refused["code"], refused["rule"]) == (code, stop)


def test_what_is_not_meant_goes_on(sqlite_gate: RunningGate) -> None:
    for kind, name in (("model", "gpt-3*"), ("drill", ""), ("agent", "another")):
        sqlite_gate.engage(kind, name, is_known=name != "another")
    assert sqlite_gate.ask(chat("gpt-4o")).status_code == 200


def test_a_stopped_model_is_not_listed_and_answers_in_no_other_ones_place(
    sqlite_gate: RunningGate,
) -> None:
    rescope(sqlite_gate, hosted_tool=["fallback:*"])
    sqlite_gate.engage("model", "GPT-4o-mini")
    headers = {"Authorization": f"Bearer {sqlite_gate.key}"}
    listed = sqlite_gate.http.get(f"{sqlite_gate.base_url}/models", headers=headers).json()
    assert [model["id"] for model in listed["data"]] == ["gpt-4o"]
    assert sqlite_gate.ask({**chat("gpt-4o"), "models": ["gpt-4o"]}).status_code == 200
    response = sqlite_gate.ask({**chat("gpt-4o"), "models": ["openai/gpt-4o-mini"]})
    assert error_of(response) == (403, "permission_error", "stopped")


def test_a_stream_under_way_ends_as_a_filter_of_content_ends_it(sqlite_gate: RunningGate) -> None:
    caller = Caller(sqlite_gate, SILENT)
    sqlite_gate.engage("agent", "bot")
    response = caller.answer()
    assert response.status_code == 200
    *_, last, done = response.text.strip().split("\n\n")
    assert done == "data: [DONE]"
    (choice,) = json.loads(last.removeprefix("data: "))["choices"]
    assert choice["finish_reason"] == "content_filter"
    assert sqlite_gate.ending() == "stopped"
    (intent,) = sqlite_gate.facts("call.intended")
    (outcome,) = sqlite_gate.facts("call.concluded")
    assert outcome["chunks"] == 3
    assert outcome["delivered"]["c"] == committed(sqlite_gate, intent, "reply", response.content)
    eventually(lambda: sqlite_gate.provider.left == 1)


def test_what_a_call_had_cost_until_it_was_cut_counts(sqlite_gate: RunningGate) -> None:
    sqlite_gate.office.order("set_price", model="sim-*", input="1", output="1")
    (limit,) = bind(sqlite_gate, "100000tokens/day")
    caller = Caller(sqlite_gate, {**SILENT, "max_tokens": 200})
    sqlite_gate.engage("agent", "bot")
    caller.answer()
    assert sqlite_gate.ending() == "stopped"
    (outcome,) = sqlite_gate.facts("call.concluded")
    assert outcome["charged_by"] == "counted"
    eventually(lambda: used(sqlite_gate, limit) == outcome["charged_tokens"] > 0)


def test_a_whole_call_under_way_is_refused(sqlite_gate: RunningGate) -> None:
    caller = Caller(sqlite_gate, chat("sim-slow-30"))
    sqlite_gate.engage("provider", "simulated")
    response = caller.answer()
    assert error_of(response) == (403, "permission_error", "stopped")
    assert response.headers["x-should-retry"] == "false"
    assert sqlite_gate.ending() == "stopped"
    (intent,) = sqlite_gate.events("call.intended")
    assert response.headers["x-request-id"] == f"{intent.header['sid']}.{intent.sq}"
    eventually(lambda: sqlite_gate.provider.left == 1)


def test_an_agent_that_does_not_read_does_not_hold_up_a_stop(sqlite_gate: RunningGate) -> None:
    """The provider is left and the outcome recorded, though nothing more can be said to it."""
    with sqlite_gate.http.stream(
        "POST",
        f"{sqlite_gate.base_url}/chat/completions",
        json=chat("gpt-4o", stream=True, n=20_000),
        headers={"Authorization": f"Bearer {sqlite_gate.key}"},
    ) as response:
        parts = response.iter_raw()
        next(parts)
        time.sleep(0.5)
        sqlite_gate.engage("agent", "bot")
        assert sqlite_gate.ending() == "stopped"
        eventually(lambda: sqlite_gate.provider.left == 1)


def test_what_was_stopped_while_its_intent_was_recorded_does_not_leave(
    sqlite_gate: RunningGate,
) -> None:
    gate = sqlite_gate.application._gate
    real = gate.book.record

    async def slow(*args: Any, **options: Any) -> Any:
        await asyncio.sleep(0.5)
        return await real(*args, **options)

    gate.book.record = slow  # type: ignore[method-assign]  # a ledger that takes its time
    answers: list[httpx.Response] = []
    caller = Thread(target=lambda: answers.append(sqlite_gate.ask()))
    caller.start()
    time.sleep(0.2)
    sqlite_gate.engage("agent", "bot")
    caller.join()
    assert error_of(answers[0]) == (403, "permission_error", "stopped")
    assert sqlite_gate.ending() == "not_sent"
    assert sqlite_gate.provider.seen == []


def test_calls_go_around_a_stopped_provider_where_another_way_is_permitted(
    sqlite_gate: RunningGate,
) -> None:
    snapshots = sqlite_gate.application._gate.snapshots
    before = snapshots.revision
    sqlite_gate.office.clock.advance(1)
    second: dict[str, Any] = {"base_url": sqlite_gate.vendor_url, "key": Secret("sk-second")}
    sqlite_gate.office.order("add_provider", provider="second", **second)
    eventually(lambda: snapshots.revision > before)
    sqlite_gate.engage("provider", "simulated")
    response = sqlite_gate.ask()
    assert response.status_code == 200
    assert response.headers["x-gatebook-fallback"] == "provider=second; model=gpt-4o"
    assert sqlite_gate.provider.seen[0].headers["authorization"] == "Bearer sk-second"
    sqlite_gate.engage("model", "gpt-4o")
    assert error_of(sqlite_gate.ask()) == (403, "permission_error", "stopped")
    assert len(sqlite_gate.provider.seen) == 1


def test_others_are_not_cut(sqlite_gate: RunningGate) -> None:
    caller = Caller(sqlite_gate, chat("sim-slow-0.5"))
    sqlite_gate.engage("model", "gpt-4o")
    assert caller.answer().status_code == 200


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ({"command": "revoke_key", "agent": "bot"}, (401, "invalid_api_key")),
        ({"command": "retire_agent", "agent": "bot"}, (401, "invalid_api_key")),
        ({"command": "suspend_agent", "agent": "bot"}, (403, "agent_suspended")),
        (
            {"command": "suspend_organization", "organization": "default"},
            (403, "organization_suspended"),
        ),
    ],
    ids=lambda value: value["command"] if isinstance(value, dict) else "",
)
def test_what_ends_a_permission_ends_the_calls_that_were_made_with_it(
    sqlite_gate: RunningGate, command: dict[str, str], told: tuple[int, str]
) -> None:
    stream, whole = Caller(sqlite_gate, SILENT), Caller(sqlite_gate, chat("sim-slow-30"))
    sqlite_gate.office.order(reason="to see it", **command)
    assert "content_filter" in stream.answer().text
    assert error_of(whole.answer())[::2] == told
    assert error_of(sqlite_gate.ask())[::2] == told
    eventually(lambda: len(sqlite_gate.events("call.concluded")) == 2)
    assert {fact["ending"] for fact in sqlite_gate.facts("call.concluded")} == {"stopped"}


def test_a_storm_of_refused_calls_is_two_entries(sqlite_gate: RunningGate) -> None:
    sqlite_gate.engage("agent", "bot")
    references = {sqlite_gate.ask().headers["x-request-id"] for _ in range(50)}
    assert len(references) == 1
    sqlite_gate.stop_serving()
    assert [fact.get("count", 1) for fact in sqlite_gate.facts("call.refused")] == [1, 49]


def test_a_gate_records_what_nobody_else_does_and_notes_what_it_did(gate: RunningGate) -> None:
    caller = Caller(gate, SILENT)
    stop = gate.engage("agent", "bot", reason="found in a gist")
    caller.answer()
    eventually(lambda: bool(gate.facts("stop.applied")))
    (applied,) = gate.facts("stop.applied")
    assert (applied["stop"], applied["gateway"], applied["cut"]) == (stop, gate.name, 1)
    assert 0 <= applied["delay_ms"] < 2000
    assert 0 <= applied.get("cut_ms", 0) < 1000
    (engaged,) = gate.changes("stop.engaged")
    (agent,) = gate.office.directory.agents.values()
    fact = engaged["d"]
    assert (fact["object"], fact["kind"], fact["subject"]) == (stop, "agent", agent.id)
    assert fact["actor"]["kind"] == "local_operator"
    assert body_of(gate.office, engaged)["reason"] == "found in a gist"
    assert "gist" not in str(fact)
    time.sleep(1.5)  # another look of whoever records
    assert len(gate.changes("stop.engaged")) == 1
    assert error_of(gate.ask())[0] == 403


def test_a_stop_in_the_database_outlives_its_order(sqlite_gate: RunningGate) -> None:
    stop = sqlite_gate.engage("agent", "bot")
    eventually(lambda: bool(sqlite_gate.office.directory.stops))
    sqlite_gate.stop_folder.remove(stop)
    time.sleep(0.2)
    assert error_of(sqlite_gate.ask())[0] == 403


def test_a_named_person_releases_it_for_a_reason(sqlite_gate: RunningGate) -> None:
    office, stop = sqlite_gate.office, sqlite_gate.engage("quarantine", "bot")
    eventually(lambda: bool(office.directory.stops))
    with pytest.raises(Invalid):
        office.order("release_stop", stop=stop, by="alice@example.com")
    with pytest.raises(NotFound):
        office.order("release_stop", stop=stop, by="mallory@example.com", reason="let me")
    office.order("release_stop", stop=stop, by="alice@example.com", reason="prompt mended")
    eventually(lambda: sqlite_gate.ask().status_code == 200)
    assert stop in sqlite_gate.stop_folder.pending()  # and is not engaged again by that
    with pytest.raises(Conflict):
        office.order("release_stop", stop=stop, by="alice@example.com", reason="again")
    (released,) = sqlite_gate.changes("stop.released")
    (person,) = office.directory.people
    assert (released["d"]["object"], released["d"]["person"]) == (stop, person)
    assert "mended" not in str(released)
    assert body_of(office, released)["reason"] == "prompt mended"


@pytest.mark.parametrize("how", ["changed", "renamed", "of somebody else"])
def test_an_order_that_cannot_be_believed_stops_everything(
    sqlite_gate: RunningGate, how: str
) -> None:
    caller = Caller(sqlite_gate, SILENT)
    folder = sqlite_gate.stop_folder.folder
    sqlite_gate.engage("drill")
    (order,) = folder.glob("*.order")
    forged = folder / "stp_0000000000000000000000.order"
    if how == "changed":
        forged = folder / order.name
        sealed = bytearray(order.read_bytes())
        sealed[40] ^= 1
        order.unlink()
        time.sleep(0.2)
        forged.write_bytes(sealed)
    else:
        forged.write_bytes(order.read_bytes() if how == "renamed" else b"stop")
    assert "content_filter" in caller.answer().text
    assert error_of(sqlite_gate.ask()) == (403, "permission_error", "stop_unreadable")
    forged.unlink()
    eventually(lambda: sqlite_gate.ask().status_code == 200)


def test_an_order_that_names_nothing_is_taken_back(sqlite_gate: RunningGate) -> None:
    stop = sqlite_gate.engage("agent", "another", is_known=False)
    eventually(lambda: stop not in sqlite_gate.stop_folder.pending())
    assert sqlite_gate.office.directory.stops == {}
    assert sqlite_gate.ask().status_code == 200
