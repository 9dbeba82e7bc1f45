"""Calls that go through the gate, over real sockets, on real databases: every one is in the book.

The book is read back from the database and held against its rules by `tests/books.py`.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gatebook.gateway.commitments import CommitmentKey
from tests.gates import (
    CHAT,
    PROVIDER_KEY,
    RunningGate,
    chat,
)
from tests.guard import rules


def committed(gate: RunningGate, intent: dict[str, Any], direction: str, body: bytes) -> str:
    """The commitment to a body, made by hand from the data key that the intent names."""
    key = CommitmentKey.of(gate.office.data_keys[intent["request"]["k"]])
    salt = hmac.new(key.secret, f"{intent['call']}\n{direction}".encode(), hashlib.sha256).digest()
    return b64encode(hmac.new(salt, body, hashlib.sha256).digest()).decode()


def test_a_call_leaves_an_intent_and_an_outcome(gate: RunningGate) -> None:
    response = gate.ask()
    assert response.status_code == 200
    (intent,) = gate.facts("call.intended")
    (outcome,) = gate.facts("call.concluded")
    entry = gate.events("call.intended")[0]
    assert response.headers["x-request-id"] == f"{entry.header['sid']}.{entry.sq}"
    assert response.headers["request-id"] == response.headers["x-request-id"]
    agent = next(iter(gate.office.directory.agents.values()))
    assert intent["agent"] == outcome["agent"] == agent.id
    assert (intent["owner"], intent["workspace"]) == (agent.owner_id, agent.workspace_id)
    assert intent["operation"] == "chat.completions"
    assert intent["model"] == "gpt-4o"
    assert intent["rule"] == "agent.scope"
    assert intent["inspected_by"] == outcome["inspected_by"] == [f"data@{rules().digest[:8]}"]
    assert (outcome["call"], outcome["intent"]) == (intent["call"], entry.sq)
    assert (outcome["ending"], outcome["status"]) == ("complete", 200)
    assert outcome["tokens_out"] == response.json()["usage"]["completion_tokens"]
    assert "delivered" not in outcome


def test_the_entries_commit_to_what_left_and_what_came(gate: RunningGate) -> None:
    response = gate.ask()
    (intent,) = gate.facts("call.intended")
    (outcome,) = gate.facts("call.concluded")
    left = gate.provider.seen[0].body
    assert intent["request"]["c"] == committed(gate, intent, "request", left)
    assert outcome["received"]["c"] == committed(gate, intent, "reply", response.content)
    assert outcome["received"]["n"] == len(response.content)


def test_the_agents_key_stays_here_and_ours_goes_to_the_provider_only(gate: RunningGate) -> None:
    response = gate.ask(**{"X-Api-Key": gate.key, "Cookie": "a=b", "X-Internal": "1"})
    (seen,) = gate.provider.seen
    assert set(seen.headers) == {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "authorization",
        "content-type",
        "content-length",
    }
    assert seen.headers["authorization"] == f"Bearer {PROVIDER_KEY}"
    assert gate.key not in repr(seen)
    assert PROVIDER_KEY not in response.text + repr(response.headers)
    assert "set-cookie" not in response.headers


def test_unknown_fields_reach_the_provider_byte_for_byte(gate: RunningGate) -> None:
    body = b'{ "model":"gpt-4o",\t"messages":[], "metadata" : {"a": "b" }, "brand_new" : 1.50}'
    assert gate.ask(body).status_code == 200
    assert gate.provider.seen[0].body == body


def test_what_the_provider_says_of_limits_reaches_the_agent(gate: RunningGate) -> None:
    headers = gate.ask().headers
    assert headers["x-ratelimit-remaining-requests"] == "9999"
    assert headers["openai-version"] == "2020-10-01"
    assert not headers["x-request-id"].startswith("req_")


def test_a_stream_is_passed_on_and_its_usage_is_known_to_us_alone(gate: RunningGate) -> None:
    response = gate.ask(chat("gpt-4o", stream=True))
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    events = response.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert all(chunk["choices"] for chunk in chunks)
    (intent,) = gate.facts("call.intended")
    (outcome,) = gate.facts("call.concluded")
    assert intent["streamed"]
    assert outcome["tokens_out"] > 0
    assert outcome["chunks"] == len(chunks) + 1
    assert outcome["delivered"]["c"] == committed(gate, intent, "reply", response.content)
    assert outcome["received"]["n"] > outcome["delivered"]["n"]
    assert json.loads(gate.provider.seen[0].body)["stream_options"] == {"include_usage": True}


def test_a_stream_whose_usage_was_asked_for_is_passed_on_whole(gate: RunningGate) -> None:
    asked = chat("gpt-4o", stream=True, stream_options={"include_usage": True})
    response = gate.ask(asked)
    assert json.loads(response.text.split("\n\n")[-3].removeprefix("data: "))["choices"] == []
    (outcome,) = gate.facts("call.concluded")
    assert "delivered" not in outcome


def test_the_outcome_is_durable_before_the_end_of_the_stream_is_given(gate: RunningGate) -> None:
    with gate.http.stream(
        "POST",
        f"{gate.base_url}/chat/completions",
        json=chat("gpt-4o", stream=True),
        headers={"Authorization": f"Bearer {gate.key}"},
    ) as response:
        for line in response.iter_lines():
            if line == "data: [DONE]":
                assert [fact["ending"] for fact in gate.facts("call.concluded")] == ["complete"]
                return
    pytest.fail("the stream had no end")


def test_an_agent_is_shown_the_models_it_may_call(gate: RunningGate) -> None:
    headers = {"Authorization": f"Bearer {gate.key}"}
    listed = gate.http.get(f"{gate.base_url}/models", headers=headers).json()
    assert [model["id"] for model in listed["data"]] == ["gpt-4o", "gpt-4o-mini"]
    (intent,) = gate.facts("call.intended")
    (outcome,) = gate.facts("call.concluded")
    assert intent["operation"] == "models"
    assert outcome["delivered"]["n"] < outcome["received"]["n"]


def test_many_calls_at_once_are_all_in_the_book(gate: RunningGate) -> None:
    headers = {"Authorization": f"Bearer {gate.key}"}
    url = f"{gate.base_url}/chat/completions"
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: gate.http.post(url, json=CHAT, headers=headers), range(60))
        )
    assert {answer.status_code for answer in answers} == {200}
    references = {answer.headers["x-request-id"] for answer in answers}
    entries = gate.events("call.intended")
    assert references == {f"{entry.header['sid']}.{entry.sq}" for entry in entries}
    outcomes = gate.facts("call.concluded")
    assert {fact["call"] for fact in outcomes} == {entry.header["d"]["call"] for entry in entries}
    assert len(gate.provider.seen) == len(outcomes) == 60
