"""Calls turned away: an answer that an SDK understands, a record, nothing at the provider."""

import pytest

from tests.gates import CHAT, RunningGate, chat, error_of, eventually


def test_a_stranger_is_told_nothing_and_counted(gate: RunningGate) -> None:
    for key in ("x", "sk-123", gate.key[:-1], gate.key[:-1] + "~"):
        response = gate.ask(Authorization=f"Bearer {key}")
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
    response = gate.ask(chat("o4-mini"))
    assert error_of(response) == (403, "permission_error", "model_not_allowed")
    (refusal,) = gate.facts("call.refused")
    entry = gate.events("call.refused")[0]
    assert response.headers["x-request-id"] == f"{entry.header['sid']}.{entry.sq}"
    assert (refusal["code"], refusal["operation"]) == ("model_not_allowed", "chat.completions")
    assert gate.provider.seen == []


def test_a_loop_of_refusals_is_one_entry_and_one_that_counts(gate: RunningGate) -> None:
    references = {gate.ask(chat("o4-mini")).headers["x-request-id"] for _ in range(10)}
    assert len(references) == 1
    assert len(gate.events("call.refused")) == 1
    gate.stop_serving()
    assert [fact.get("count", 1) for fact in gate.facts("call.refused")] == [1, 9]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "json_malformed"),
        (b'{"model":"gpt-4o","model":"o4-mini"}', 400, "json_duplicate_member"),
        (b'{"model":"gpt-4o","MODEL":"o4-mini"}', 400, "json_member_case"),
        (b'{"model":"gpt-4o","stream":true,"MODEL":"o4-mini"}', 400, "json_member_case"),
        (b'{"model":"gpt-4o","x":"\xff"}', 400, "json_utf8"),
        (b"[" * 10_000, 400, "json_too_deep"),
        (b'{"model":3}', 400, "invalid_value"),
    ],
)
def test_a_body_that_cannot_be_read_is_on_record(
    sqlite_gate: RunningGate, body: bytes, status: int, code: str
) -> None:
    response = sqlite_gate.ask(body)
    assert error_of(response) == (status, "invalid_request_error", code)
    assert response.headers["x-should-retry"] == "false"
    (refusal,) = sqlite_gate.facts("call.refused")
    assert refusal["code"] == code
    assert sqlite_gate.provider.seen == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "operation"),
    [
        ("GET", "/chat/completions", 405, "method_not_allowed", ""),
        ("PUT", "/models", 405, "method_not_allowed", ""),
        ("POST", "/nothing", 404, "unknown_url", ""),
        ("GET", "/responses/resp_1", 400, "account_wide", "responses"),
        ("DELETE", "/responses/resp_1", 400, "account_wide", "responses"),
        ("POST", "/responses/resp_1/cancel", 400, "account_wide", "responses"),
        ("GET", "/chat/completions/c_1", 400, "account_wide", "chat.completions"),
        ("POST", "/files", 400, "account_wide", "files"),
        ("GET", "/files/f/content", 400, "account_wide", "files"),
        ("POST", "/audio/speech", 400, "not_inspectable", "audio"),
        ("POST", "/images/edits", 400, "not_inspectable", "images"),
        ("POST", "/filesystem", 404, "unknown_url", ""),
        ("POST", "/files/", 404, "unknown_url", ""),
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
    (refusal,) = sqlite_gate.facts("call.refused")
    assert (refusal["code"], refusal["operation"]) == (code, operation)


def test_two_credentials_that_differ_are_nobodys(sqlite_gate: RunningGate) -> None:
    assert sqlite_gate.ask(**{"x-api-key": "sk-1"}).status_code == 401


def test_every_place_for_a_key_works(sqlite_gate: RunningGate) -> None:
    for name in ("x-api-key", "api-key", "x-goog-api-key", "x-gatebook-key"):
        url = f"{sqlite_gate.base_url}/chat/completions"
        assert (
            sqlite_gate.http.post(url, json=CHAT, headers={name: sqlite_gate.key}).status_code
            == 200
        )


def test_a_revoked_key_ends_within_a_second(gate: RunningGate) -> None:
    assert gate.ask().status_code == 200
    gate.office.order("revoke_key", agent="bot")
    eventually(lambda: gate.ask().status_code == 401, seconds=1)


def test_a_new_agent_is_let_in_and_its_models_are_its_own(gate: RunningGate) -> None:
    answer = gate.office.enroll(name="other", model=["o4-*"])
    assert answer.shown_once is not None
    key = answer.shown_once.reveal()

    def status(model: str) -> int:
        return gate.ask(chat(model), Authorization=f"Bearer {key}").status_code

    eventually(lambda: status("o4-mini") == 200, seconds=1)
    assert status("gpt-4o") == 403


def test_a_key_that_has_ended_is_named_so_to_its_owner_only(gate: RunningGate) -> None:
    gate.clock.skip(91 * 24 * 3600)
    response = gate.ask()
    assert error_of(response) == (401, "authentication_error", "key_expired")
    (refusal,) = gate.facts("call.refused")
    assert refusal["code"] == "key_expired"
    assert error_of(gate.ask(Authorization=f"Bearer {gate.key[:-1]}~"))[2] == "invalid_api_key"
