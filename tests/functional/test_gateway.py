"""The gate over real sockets, on real databases: every call is in the book, whatever becomes of it.

The book is read back from the database and held against its rules by `tests/books.py`.
"""

import hashlib
import hmac
import json
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from gatebook.gateway.commitments import CommitmentKey
from gatebook.storage.database import open_database
from tests.gates import PROVIDER_KEY, SETTINGS, RunningGate, open_running_gate
from tests.simulators.stores import Fault

CHAT: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}


def ask(gate: RunningGate, body: Any = None, **headers: str) -> httpx.Response:
    """A chat call; `body` is JSON or the bytes themselves."""
    content = body if isinstance(body, bytes) else json.dumps(body or CHAT).encode()
    given = {"Authorization": f"Bearer {gate.key}", "Content-Type": "application/json", **headers}
    url = f"{gate.base_url}/chat/completions"
    return gate.http.post(url, content=content, headers=given)


def with_model(model: str, **fields: Any) -> dict[str, Any]:
    return {**CHAT, "model": model, **fields}


def error_of(response: httpx.Response) -> tuple[int, str, str]:
    """Status, type and code of an error, once its shape is seen to be OpenAI's."""
    body = response.json()
    assert set(body) == {"error"}
    error = body["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] is None
    return response.status_code, error["type"], error["code"]


def facts(gate: RunningGate, name: str) -> list[dict[str, Any]]:
    return [entry.header["d"] for entry in gate.events(name)]


def eventually(check: Callable[[], bool], seconds: float = 5) -> None:
    """Wait for what happens after the answer."""
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def committed(gate: RunningGate, intent: dict[str, Any], direction: str, body: bytes) -> str:
    """The commitment to a body, made by hand from the data key that the intent names."""
    key = CommitmentKey.of(gate.office.data_keys[intent["request"]["k"]])
    salt = hmac.new(key.secret, f"{intent['call']}\n{direction}".encode(), hashlib.sha256).digest()
    return b64encode(hmac.new(salt, body, hashlib.sha256).digest()).decode()


# -- calls that go through -------------------------------------------------------------------------


def test_a_call_leaves_an_intent_and_an_outcome(gate: RunningGate) -> None:
    response = ask(gate)
    assert response.status_code == 200
    (intent,) = facts(gate, "call.intended")
    (outcome,) = facts(gate, "call.concluded")
    entry = gate.events("call.intended")[0]
    assert response.headers["x-request-id"] == f"{entry.header['sid']}.{entry.sq}"
    assert response.headers["request-id"] == response.headers["x-request-id"]
    agent = next(iter(gate.office.directory.agents.values()))
    assert intent["agent"] == outcome["agent"] == agent.id
    assert (intent["owner"], intent["workspace"]) == (agent.owner_id, agent.workspace_id)
    assert intent["operation"] == "chat.completions"
    assert intent["model"] == "gpt-4o"
    assert intent["rule"] == "agent.models"
    assert intent["inspected_by"] == outcome["inspected_by"] == []
    assert (outcome["call"], outcome["intent"]) == (intent["call"], entry.sq)
    assert (outcome["ending"], outcome["status"]) == ("complete", 200)
    assert outcome["tokens_out"] == response.json()["usage"]["completion_tokens"]
    assert "delivered" not in outcome


def test_the_entries_commit_to_what_left_and_what_came(gate: RunningGate) -> None:
    response = ask(gate)
    (intent,) = facts(gate, "call.intended")
    (outcome,) = facts(gate, "call.concluded")
    left = gate.provider.seen[0].body
    assert intent["request"]["c"] == committed(gate, intent, "request", left)
    assert outcome["received"]["c"] == committed(gate, intent, "reply", response.content)
    assert outcome["received"]["n"] == len(response.content)


def test_the_agents_key_stays_here_and_ours_goes_to_the_provider_only(gate: RunningGate) -> None:
    response = ask(gate, **{"X-Api-Key": gate.key, "Cookie": "a=b", "X-Internal": "1"})
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
    body = b'{ "model":"gpt-4o",\t"messages":[], "brand_new" : {"a": 1.50}}'
    assert ask(gate, body).status_code == 200
    assert gate.provider.seen[0].body == body


def test_what_the_provider_says_of_limits_reaches_the_agent(gate: RunningGate) -> None:
    headers = ask(gate).headers
    assert headers["x-ratelimit-remaining-requests"] == "9999"
    assert headers["openai-version"] == "2020-10-01"
    assert not headers["x-request-id"].startswith("req_")


def test_a_stream_is_passed_on_and_its_usage_is_known_to_us_alone(gate: RunningGate) -> None:
    response = ask(gate, with_model("gpt-4o", stream=True))
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    events = response.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert all(chunk["choices"] for chunk in chunks)
    (intent,) = facts(gate, "call.intended")
    (outcome,) = facts(gate, "call.concluded")
    assert intent["streamed"]
    assert outcome["tokens_out"] > 0
    assert outcome["chunks"] == len(chunks) + 1
    assert outcome["delivered"]["c"] == committed(gate, intent, "reply", response.content)
    assert outcome["received"]["n"] > outcome["delivered"]["n"]
    assert json.loads(gate.provider.seen[0].body)["stream_options"] == {"include_usage": True}


def test_a_stream_whose_usage_was_asked_for_is_passed_on_whole(gate: RunningGate) -> None:
    asked = with_model("gpt-4o", stream=True, stream_options={"include_usage": True})
    response = ask(gate, asked)
    assert json.loads(response.text.split("\n\n")[-3].removeprefix("data: "))["choices"] == []
    (outcome,) = facts(gate, "call.concluded")
    assert "delivered" not in outcome


def test_the_outcome_is_durable_before_the_end_of_the_stream_is_given(gate: RunningGate) -> None:
    with gate.http.stream(
        "POST",
        f"{gate.base_url}/chat/completions",
        json=with_model("gpt-4o", stream=True),
        headers={"Authorization": f"Bearer {gate.key}"},
    ) as response:
        for line in response.iter_lines():
            if line == "data: [DONE]":
                assert [fact["ending"] for fact in facts(gate, "call.concluded")] == ["complete"]
                return
    pytest.fail("the stream had no end")


def test_an_agent_is_shown_the_models_it_may_call(gate: RunningGate) -> None:
    headers = {"Authorization": f"Bearer {gate.key}"}
    listed = gate.http.get(f"{gate.base_url}/models", headers=headers).json()
    assert [model["id"] for model in listed["data"]] == ["gpt-4o", "gpt-4o-mini"]
    (intent,) = facts(gate, "call.intended")
    (outcome,) = facts(gate, "call.concluded")
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
    outcomes = facts(gate, "call.concluded")
    assert {fact["call"] for fact in outcomes} == {entry.header["d"]["call"] for entry in entries}
    assert len(gate.provider.seen) == len(outcomes) == 60


# -- what the provider gets wrong ------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 422, 429, 500, 503])
def test_an_error_of_the_provider_is_the_agents_to_see(gate: RunningGate, status: int) -> None:
    response = ask(gate, with_model(f"sim-error-{status}"))
    assert response.status_code == status
    assert response.json()["error"]["code"] == f"simulated_{status}"
    assert response.headers.get("retry-after-ms") == ("20" if status in (429, 503) else None)
    (outcome,) = facts(gate, "call.concluded")
    assert (outcome["ending"], outcome["status"]) == ("complete", status)


def test_an_error_instead_of_a_stream_is_passed_on(gate: RunningGate) -> None:
    response = ask(gate, with_model("sim-error-429", stream=True))
    assert response.status_code == 429
    assert response.headers["content-type"] == "application/json"


def test_our_credential_being_rejected_is_not_the_agents_fault(gate: RunningGate) -> None:
    """A 401 would tell the agent that its own key is wrong."""
    response = ask(gate, with_model("sim-error-401"))
    assert error_of(response) == (502, "server_error", "upstream_credential_rejected")
    assert response.headers["x-should-retry"] == "false"
    (outcome,) = facts(gate, "call.concluded")
    assert outcome["status"] == 401


def test_a_stream_that_breaks_off_ends_with_an_error_and_without_done(gate: RunningGate) -> None:
    response = ask(gate, with_model("sim-cut", stream=True))
    events = response.text.strip().split("\n\n")
    assert json.loads(events[-1].removeprefix("data: "))["error"]["code"] == "upstream_broken"
    assert "[DONE]" not in response.text
    (outcome,) = facts(gate, "call.concluded")
    assert (outcome["ending"], outcome["status"]) == ("upstream_broken", 200)
    assert outcome["chunks"] == 3


def test_a_provider_that_is_not_there(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with open_running_gate(database, provider_url="http://127.0.0.1:9") as gate:
        response = ask(gate)
        assert error_of(response) == (503, "server_error", "upstream_unavailable")
        assert response.headers["x-should-retry"] == "true"
        assert response.headers["retry-after"] == "1"
        assert "x-request-id" in response.headers
        (outcome,) = facts(gate, "call.concluded")
        assert outcome["ending"] == "upstream_unreachable"
    database.close()


@pytest.mark.parametrize(
    ("body", "change", "status"),
    [
        (with_model("sim-slow-30"), {"first_byte_seconds": 1}, 0),
        (with_model("sim-silent", stream=True), {"silence_seconds": 1}, 200),
        (with_model("sim-silent", stream=True), {"total_seconds": 1}, 200),
    ],
)
def test_a_provider_that_falls_silent_is_cut_off(
    sqlite_url: str, body: dict[str, Any], change: dict[str, Any], status: int
) -> None:
    database = open_database(sqlite_url)
    with open_running_gate(database, settings=replace(SETTINGS, **change)) as gate:
        response = ask(gate, body)
        if status:
            assert '"code":"upstream_timeout"' in response.text
            assert "[DONE]" not in response.text
        else:
            assert error_of(response) == (504, "server_error", "upstream_timeout")
            assert response.headers["x-should-retry"] == "false"
        eventually(lambda: gate.provider.left == 1)
        (outcome,) = facts(gate, "call.concluded")
        assert (outcome["ending"], outcome.get("status", 0)) == ("upstream_timeout", status)
    database.close()


@pytest.mark.parametrize("streams", [False, True])
def test_a_reply_beyond_the_limit_is_cut(sqlite_url: str, streams: bool) -> None:
    database = open_database(sqlite_url)
    settings = replace(SETTINGS, reply_limit_bytes=1024)
    with open_running_gate(database, settings=settings) as gate:
        response = ask(gate, with_model("gpt-4o", stream=streams, n=40))
        if streams:
            assert '"code":"reply_too_large"' in response.text
        else:
            assert error_of(response) == (502, "server_error", "reply_too_large")
        (outcome,) = facts(gate, "call.concluded")
        assert outcome["ending"] == "too_large"
    database.close()


# -- calls that are turned away --------------------------------------------------------------------


def test_a_stranger_is_told_nothing_and_counted(gate: RunningGate) -> None:
    for key in ("x", "sk-123", gate.key[:-1], gate.key[:-1] + "0"):
        response = ask(gate, Authorization=f"Bearer {key}")
        assert error_of(response) == (401, "authentication_error", "invalid_api_key")
        assert response.headers["x-should-retry"] == "false"
        assert response.headers["www-authenticate"] == "Bearer"
        assert "x-request-id" not in response.headers
    assert gate.events() == []
    assert gate.provider.seen == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/nothing", b""),
        ("DELETE", "/v1/models", b""),
        ("POST", "/v1/chat/completions", b"{"),
    ],
)
def test_a_stranger_does_not_learn_what_there_is(
    sqlite_gate: RunningGate, method: str, path: str, body: bytes
) -> None:
    url = sqlite_gate.base_url.removesuffix("/v1") + path
    assert sqlite_gate.http.request(method, url, content=body).status_code == 401


def test_a_model_that_is_not_granted(gate: RunningGate) -> None:
    response = ask(gate, with_model("o4-mini"))
    assert error_of(response) == (403, "permission_error", "model_not_allowed")
    (refusal,) = facts(gate, "call.refused")
    entry = gate.events("call.refused")[0]
    assert response.headers["x-request-id"] == f"{entry.header['sid']}.{entry.sq}"
    assert (refusal["code"], refusal["operation"]) == ("model_not_allowed", "chat.completions")
    assert gate.provider.seen == []


def test_a_loop_of_refusals_is_one_entry_and_one_that_counts(gate: RunningGate) -> None:
    references = {ask(gate, with_model("o4-mini")).headers["x-request-id"] for _ in range(10)}
    assert len(references) == 1
    assert len(gate.events("call.refused")) == 1
    gate.stop()
    assert [fact.get("count", 1) for fact in facts(gate, "call.refused")] == [1, 9]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "json_malformed"),
        (b'{"model":"gpt-4o","model":"o4-mini"}', 400, "json_duplicate_member"),
        (b'{"model":"gpt-4o","x":"\xff"}', 400, "json_utf8"),
        (b"[" * 10_000, 400, "json_too_deep"),
        (b'{"model":3}', 400, "invalid_value"),
    ],
)
def test_a_body_that_cannot_be_read_is_on_record(
    sqlite_gate: RunningGate, body: bytes, status: int, code: str
) -> None:
    response = ask(sqlite_gate, body)
    assert error_of(response) == (status, "invalid_request_error", code)
    assert response.headers["x-should-retry"] == "false"
    (refusal,) = facts(sqlite_gate, "call.refused")
    assert refusal["code"] == code
    assert sqlite_gate.provider.seen == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "operation"),
    [
        ("GET", "/chat/completions", 405, "method_not_allowed", ""),
        ("PUT", "/models", 405, "method_not_allowed", ""),
        ("POST", "/responses", 404, "unknown_url", ""),
        ("POST", "/chat/completions/", 404, "unknown_url", ""),
        ("POST", "/Chat/completions", 404, "unknown_url", ""),
        ("GET", "/models?limit=1", 400, "query_refused", "models"),
    ],
)
def test_an_address_or_method_that_is_not_served_is_on_record(
    sqlite_gate: RunningGate, method: str, path: str, status: int, code: str, operation: str
) -> None:
    headers = {"Authorization": f"Bearer {sqlite_gate.key}"}
    response = sqlite_gate.http.request(method, sqlite_gate.base_url + path, headers=headers)
    assert error_of(response) == (status, "invalid_request_error", code)
    if status == 405:
        allowed = {"/chat/completions": "POST", "/models": "GET"}[path]
        assert response.headers["allow"] == allowed
    (refusal,) = facts(sqlite_gate, "call.refused")
    assert (refusal["code"], refusal["operation"]) == (code, operation)


def test_two_credentials_that_differ_are_nobodys(sqlite_gate: RunningGate) -> None:
    assert ask(sqlite_gate, **{"x-api-key": "sk-1"}).status_code == 401


def test_every_place_for_a_key_works(sqlite_gate: RunningGate) -> None:
    for name in ("x-api-key", "api-key", "x-goog-api-key", "x-gatebook-key"):
        url = f"{sqlite_gate.base_url}/chat/completions"
        assert (
            sqlite_gate.http.post(url, json=CHAT, headers={name: sqlite_gate.key}).status_code
            == 200
        )


# -- keys and their ends ---------------------------------------------------------------------------


def test_a_revoked_key_ends_within_a_second(gate: RunningGate) -> None:
    assert ask(gate).status_code == 200
    gate.office.order("revoke_key", agent="bot")
    eventually(lambda: ask(gate).status_code == 401, seconds=1)


def test_a_new_agent_is_let_in_and_its_models_are_its_own(gate: RunningGate) -> None:
    answer = gate.office.enroll(name="other", model=["o4-*"])
    assert answer.shown_once is not None
    key = answer.shown_once.reveal()

    def status(model: str) -> int:
        return ask(gate, with_model(model), Authorization=f"Bearer {key}").status_code

    eventually(lambda: status("o4-mini") == 200, seconds=1)
    assert status("gpt-4o") == 403


def test_a_key_that_has_ended_is_named_so_to_its_owner_only(gate: RunningGate) -> None:
    gate.clock.skip(91 * 24 * 3600)
    response = ask(gate)
    assert error_of(response) == (401, "authentication_error", "key_expired")
    (refusal,) = facts(gate, "call.refused")
    assert refusal["code"] == "key_expired"
    assert error_of(ask(gate, Authorization=f"Bearer {gate.key[:-1]}0"))[2] == "invalid_api_key"


# -- agents that leave, and the end of the gate ----------------------------------------------------


@pytest.mark.parametrize("body", [with_model("sim-slow-30"), with_model("sim-silent", stream=True)])
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
    (outcome,) = facts(gate, "call.concluded")
    assert outcome["ending"] == "client_disconnected"
    if body.get("stream"):
        assert outcome["chunks"] == 3
        assert outcome["received"]["n"] > 0
    assert ask(gate).status_code == 200


def test_an_agent_that_does_not_read_holds_the_provider_back(sqlite_gate: RunningGate) -> None:
    """What was sent and not read is bounded: the provider waits too."""
    body = with_model("gpt-4o", stream=True, n=20_000)
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
    (outcome,) = facts(sqlite_gate, "call.concluded")
    assert outcome["ending"] == "client_disconnected"
    assert outcome["received"]["n"] < 30_000_000


def test_calls_under_way_at_shutdown_are_concluded_and_the_stream_closed(
    sqlite_gate: RunningGate,
) -> None:
    def call() -> None:
        with pytest.raises(httpx.HTTPError):
            ask(sqlite_gate, with_model("sim-slow-30")).raise_for_status()

    caller = Thread(target=call)
    caller.start()
    eventually(lambda: len(sqlite_gate.provider.seen) == 1)
    sqlite_gate.stop()
    caller.join()
    (outcome,) = facts(sqlite_gate, "call.concluded")
    assert outcome["ending"] == "gateway_stopped"
    assert sqlite_gate.events()[-1].event == "stream.closed"


# -- when the book cannot take an entry ------------------------------------------------------------


def test_without_an_intent_nothing_leaves(gate: RunningGate) -> None:
    assert ask(gate).status_code == 200
    gate.store.faults = [Fault.COMMIT]
    response = ask(gate)
    assert error_of(response) == (503, "server_error", "audit_unavailable")
    assert response.headers["x-should-retry"] == "true"
    assert len(gate.provider.seen) == 1
    assert ask(gate).status_code == 200


def test_a_commit_that_failed_and_was_written_is_as_good_as_any(gate: RunningGate) -> None:
    assert ask(gate).status_code == 200
    gate.store.faults = [Fault.COMMIT_WRITTEN]
    assert ask(gate).status_code == 200
    assert len(gate.events("call.intended")) == len(gate.events("call.concluded")) == 2


def test_without_an_outcome_the_answer_is_withheld(gate: RunningGate) -> None:
    assert ask(gate).status_code == 200
    gate.store.faults = [None, Fault.COMMIT]
    response = ask(gate)
    assert error_of(response) == (503, "server_error", "audit_unavailable")
    assert response.headers["x-should-retry"] == "false"
    assert "x-request-id" in response.headers
    assert "simulated" not in response.text


def test_without_an_outcome_a_stream_has_no_end(gate: RunningGate) -> None:
    assert ask(gate).status_code == 200
    gate.store.faults = [None, Fault.COMMIT]
    response = ask(gate, with_model("gpt-4o", stream=True))
    events = response.text.strip().split("\n\n")
    assert json.loads(events[-1].removeprefix("data: "))["error"]["code"] == "audit_unavailable"
    assert "[DONE]" not in response.text


def test_refusals_that_could_not_be_recorded_are_counted_and_told_later(gate: RunningGate) -> None:
    assert ask(gate).status_code == 200
    gate.store.faults = [Fault.COMMIT]
    assert error_of(ask(gate, with_model("o4-mini")))[0] == 403
    gate.stop()
    (refusal,) = facts(gate, "call.refused")
    assert refusal["code"] == "model_not_allowed"
