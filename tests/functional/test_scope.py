"""What an agent may do, over real sockets: each way of not fitting has words of its own."""

from typing import Any, Final

import httpx
import msgspec

from gatebook.core.secret import Secret
from gatebook.policy.written import digest_of, parted
from gatebook.storage.policies import policy_text
from tests.gates import MODELS, RunningGate, chat, error_of, eventually
from tests.policies import HERE

NARROW: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({"model": ["o4-*"]}, "model_not_allowed", "agent.scope.models"),
    ({"provider": ["az*"]}, "provider_not_allowed", "agent.scope.providers"),
    ({"operation": ["embeddings"]}, "operation_not_allowed", "agent.scope.operations"),
    ({"region": ["eu-*"]}, "region_not_allowed", "agent.scope.regions"),
    ({"source": [HERE]}, "ip_not_allowed", "agent.scope.sources"),
    ({"hours": ["mon-sun 00:00-01:00 UTC"]}, "outside_hours", "agent.scope.hours"),
]
"""At noon, from 127.0.0.1, at a provider whose region is not known, without detectors."""


def order(gate: RunningGate, command: str, **values: Any) -> str:
    """Have a command carried out; gives the key it shows, once the gate knows of all this."""
    answer = gate.office.order(command, **values)
    snapshots, revision = gate.application._gate.snapshots, gate.office.directory.revision
    eventually(lambda: snapshots.current().directory.revision == revision)
    return answer.shown_once.reveal() if answer.shown_once else ""


def enroll(gate: RunningGate, name: str, **scope: Any) -> str:
    """The key of a new agent of this scope."""
    who = {"owner": "alice@example.com", "purpose": "tests", "model": ["gpt-*", "claude-*"]}
    return order(gate, "enroll_agent", name=name, **{**who, **scope})


def ask_messages(gate: RunningGate, key: str, **fields: Any) -> httpx.Response:
    """Make a call in Anthropic's dialect."""
    body = {"model": "claude-haiku-5-5", "max_tokens": 9, "messages": [], **fields}
    return gate.http.post(
        f"{gate.base_url}/messages",
        json=body,
        headers={"x-api-key": key, "anthropic-version": "2023-06-01"},
    )


def test_each_dimension_refuses_in_both_dialects_and_names_its_rule(
    sqlite_gate: RunningGate,
) -> None:
    gate = sqlite_gate
    url = gate.vendor_url
    order(gate, "add_provider", provider="x", key=Secret("k"), dialect="anthropic", base_url=url)
    usual = enroll(gate, "usual")
    assert gate.ask(Authorization=f"Bearer {usual}").status_code == 200
    assert ask_messages(gate, usual).status_code == 200
    gate.provider.seen.clear()
    for scope, code, rule in NARROW:
        key = enroll(gate, code.replace("_", "-"), **scope)
        said = gate.ask(Authorization=f"Bearer {key}")
        assert error_of(said) == (403, "permission_error", code)
        assert said.headers["x-should-retry"] == "false"
        told = ask_messages(gate, key)
        error = told.json()["error"]
        assert (told.status_code, error["type"], error["code"]) == (403, "permission_error", code)
        assert told.headers["x-should-retry"] == "false"
        by_operation = {fact["operation"]: fact for fact in gate.facts("call.refused")[-2:]}
        assert set(by_operation) == {"chat.completions", "messages"}
        assert {(fact["code"], fact["rule"]) for fact in by_operation.values()} == {(code, rule)}
    assert gate.provider.seen == []


def test_a_scope_that_ends_ends_by_itself(sqlite_gate: RunningGate) -> None:
    key = enroll(sqlite_gate, "guest", expires_at="2026-11-19T13:00:00Z")
    assert sqlite_gate.ask(Authorization=f"Bearer {key}").status_code == 200
    sqlite_gate.clock.skip(3600)
    said = sqlite_gate.ask(Authorization=f"Bearer {key}")
    assert error_of(said) == (403, "permission_error", "scope_expired")


def test_hours_are_looked_at_for_each_call(sqlite_gate: RunningGate) -> None:
    key = enroll(sqlite_gate, "clerk", hours=["mon-fri 08:00-18:00 Europe/Zurich"])
    assert sqlite_gate.ask(Authorization=f"Bearer {key}").status_code == 200  # 13:00 there
    sqlite_gate.clock.skip(5 * 3600)
    said = sqlite_gate.ask(Authorization=f"Bearer {key}")
    assert error_of(said) == (403, "permission_error", "outside_hours")
    sqlite_gate.clock.skip(15 * 3600)
    assert sqlite_gate.ask(Authorization=f"Bearer {key}").status_code == 200


def test_nobody_may_say_where_they_call_from(sqlite_gate: RunningGate) -> None:
    key = enroll(sqlite_gate, "elsewhere", source=[HERE])
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "CF-Connecting-IP"):
        value = f"for={HERE}" if name == "Forwarded" else HERE
        said = sqlite_gate.ask(Authorization=f"Bearer {key}", **{name: value})
        assert error_of(said) == (403, "permission_error", "ip_not_allowed")
    here = enroll(sqlite_gate, "here", source=["127.0.0.0/8"])
    spoofed = {"Authorization": f"Bearer {here}", "X-Forwarded-For": HERE}
    assert sqlite_gate.ask(**spoofed).status_code == 200


def test_a_new_scope_holds_within_a_second_and_the_record_says_which_decided(
    sqlite_gate: RunningGate,
) -> None:
    gate = sqlite_gate
    assert gate.ask().status_code == 200
    gate.office.order("rescope_agent", agent="bot", model=["o4-*"], reason="too dear")
    eventually(lambda: gate.ask().status_code == 403, seconds=1)
    gate.office.order("rescope_agent", agent="bot", model=["gpt-*"])
    eventually(lambda: gate.ask().status_code == 200, seconds=1)
    wide, narrow, back = (
        gate.facts("call.intended")[0]["policy"],
        gate.facts("call.refused")[0]["policy"],
        gate.facts("call.intended")[-1]["policy"],
    )
    assert len({wide, narrow, back}) == 3
    scopes = [parted(policy)[0] for policy in (wide, narrow, back)]
    with gate.database.reading() as connection:
        texts = [policy_text(connection, scope) for scope in scopes]
    models = [msgspec.json.decode(text or b"")["models"] for text in texts]
    assert models == [sorted(MODELS), ["o4-*"], ["gpt-*"]]


def test_every_policy_that_an_entry_names_is_kept_in_writing(gate: RunningGate) -> None:
    """Also those of a provider that came and went while nobody changed a scope."""
    gate.ask()
    order(gate, "add_provider", provider="second", key=None, base_url=gate.vendor_url)
    gate.ask()
    order(gate, "remove_provider", provider="second")
    gate.ask(chat("o4-mini"))
    named = [
        digest
        for kind in ("call.intended", "call.refused")
        for fact in gate.facts(kind)
        for digest in parted(fact["policy"])
    ]
    assert len(set(named)) == 4  # a scope, a guard's rules, and providers with and without it
    with gate.database.reading() as connection:
        texts = {digest: policy_text(connection, digest) for digest in named}
    assert all(text is not None and digest_of(text) == digest for digest, text in texts.items())


def test_a_list_shows_exactly_what_can_be_called(sqlite_gate: RunningGate) -> None:
    def listed(key: str) -> set[str]:
        headers = {"Authorization": f"Bearer {key}"}
        found = sqlite_gate.http.get(f"{sqlite_gate.base_url}/models", headers=headers)
        assert found.status_code == 200
        return {model["id"] for model in found.json()["data"]}

    everything = listed(enroll(sqlite_gate, "all", model=["*"]))
    assert len(everything) > 2
    order(sqlite_gate, "remove_provider", provider="simulated")
    order(
        sqlite_gate,
        "add_provider",
        provider="narrow",
        key=Secret("k"),
        base_url=sqlite_gate.vendor_url,
        model=["gpt-4o*", "o4-*"],
    )
    for number, scope in enumerate(
        (
            {"model": ["*"]},
            {"model": ["gpt-4o"]},
            {"model": ["*-mini"]},
            {"model": ["claude-*"]},
            {"model": ["*"], "operation": ["models"]},
            {"model": ["*"], "data_class": ["public"]},
        )
    ):
        key = enroll(sqlite_gate, f"agent-{number}", **scope)
        called = {
            model
            for model in everything
            if sqlite_gate.ask(chat(model), Authorization=f"Bearer {key}").status_code == 200
        }
        assert listed(key) == called


def test_a_rotated_key_is_permitted_exactly_what_the_old_one_is(sqlite_gate: RunningGate) -> None:
    """By its agent, in whatever state that is: there is no key that was made wider."""
    gate = sqlite_gate
    gate.office.order(
        "rescope_agent", agent="bot", model=["gpt-4o"], operation=["chat.completions"]
    )
    rotated = gate.office.order("rotate_key", agent="bot", grace_seconds=3600).shown_once
    assert rotated is not None
    new = rotated.reveal()

    def answers(key: str) -> list[int]:
        models = ("gpt-4o", "gpt-4o-mini", "o4-mini")
        given = [gate.ask(chat(model), Authorization=f"Bearer {key}") for model in models]
        listed = gate.http.get(
            f"{gate.base_url}/models", headers={"Authorization": f"Bearer {key}"}
        )
        return [answer.status_code for answer in (*given, listed)]

    eventually(lambda: answers(new) == [200, 403, 403, 403])
    assert answers(gate.key) == [200, 403, 403, 403]
    gate.office.order("suspend_agent", agent="bot")
    gate.office.order("rotate_key", agent="bot")
    eventually(lambda: answers(new) == [403] * 4)
    assert answers(gate.key) == [403] * 4
