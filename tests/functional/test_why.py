"""Every decision about a call can be explained later, by what was in force when it was made."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, update

from gatebook.app.why import Explanation, explain
from gatebook.cli.main import gatebook
from gatebook.core.errors import Invalid, NotFound
from gatebook.policy.written import parted
from gatebook.storage.tables import policies
from tests.gates import MODELS, RunningGate, chat, eventually
from tests.simulators.stores import Fault


def asked(gate: RunningGate, model: str = "gpt-4o") -> str:
    """The reference of a call to a model."""
    return gate.ask(chat(model)).headers["x-request-id"]


def why(gate: RunningGate, reference: str) -> Explanation:
    return explain(gate.database, reference)


def rescope(gate: RunningGate, **scope: Any) -> None:
    """Change what the agent may do, and wait until the gate knows."""
    gate.office.order("rescope_agent", agent="bot", **scope)
    snapshots, revision = gate.application._gate.snapshots, gate.office.directory.revision
    eventually(lambda: snapshots.current().directory.revision == revision)


def test_a_permitted_call_is_explained_by_the_scope_of_its_time(gate: RunningGate) -> None:
    reference = asked(gate)
    rescope(gate, model=["o4-*"], reason="too dear")
    gate.office.order("remove_provider", provider="simulated")
    found = why(gate, reference)
    assert (found.decision, found.entry.reference) == ("permitted", reference)
    assert found.scope is not None
    assert found.scope["models"] == sorted(MODELS)
    assert found.provider is not None
    assert found.provider["name"] == "simulated"
    assert "within the agent's scope" in found.says
    assert found.granted is not None
    assert found.granted.event == "agent.enrolled"
    assert found.outcome is not None
    assert found.outcome.data["ending"] == "complete"
    assert {"bot", "alice@example.com"} <= set(found.names.values())


def test_a_refusal_is_explained_by_the_rule_that_decided(sqlite_gate: RunningGate) -> None:
    rescope(sqlite_gate, model=["o4-*"], reason="too dear")
    reference = asked(sqlite_gate)
    rescope(sqlite_gate, model=["gpt-*"])
    found = why(sqlite_gate, reference)
    assert (found.decision, found.entry.data["code"]) == ("refused", "model_not_allowed")
    assert found.says == "The model that was asked for is not one of these: o4-*."
    assert found.granted is not None
    assert found.granted.event == "agent.rescoped"
    assert found.granted.data["dimensions"] == ["models"]
    assert found.outcome is None
    assert found.provider is None
    assert any(line.startswith("Which model") for line in found.cannot_tell)


def test_what_the_guard_was_to_do_is_told_as_it_stood_then(
    sqlite_gate: RunningGate, tmp_path: Path
) -> None:
    office, snapshots = sqlite_gate.office, sqlite_gate.application._gate.snapshots
    set_it = office.order("set_guard_rule", rule="secret=block", agent="bot", direction="request")
    office.order("set_guard_rule", rule="*=mask", organization="default")
    revision = office.directory.revision
    eventually(lambda: snapshots.current().directory.revision == revision)
    reference = asked(sqlite_gate)
    office.order("remove_guard_rule", id=set_it.values["id"])
    found = why(sqlite_gate, reference)
    assert found.guard is not None
    rules = {rule["what"]: rule["action"] for rule in found.guard["rules"]}
    assert rules == {"secret": "block", "*": "mask"}
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    said = run(sqlite_gate, folder, reference).output
    assert "secret=block in requests (of the agent)" in said
    assert "*=mask (of the organization)" in said
    assert "guard.on_failure" in said


def test_an_outcome_leads_to_its_intent(sqlite_gate: RunningGate) -> None:
    reference = asked(sqlite_gate)
    asked(sqlite_gate)
    outcome = why(sqlite_gate, reference).outcome
    assert outcome is not None
    assert why(sqlite_gate, outcome.reference) == why(sqlite_gate, reference)


def test_what_refused_beside_the_policy_is_said_to_be_no_rule(sqlite_gate: RunningGate) -> None:
    reference = sqlite_gate.ask(b"{").headers["x-request-id"]
    found = why(sqlite_gate, reference)
    assert found.entry.data["code"] == "json_malformed"
    assert found.says == "No rule of the policy decided; the code says why."


def test_a_policy_whose_text_is_gone_is_said_to_be_gone(sqlite_gate: RunningGate) -> None:
    reference = asked(sqlite_gate)
    with sqlite_gate.database.writing() as connection:
        connection.execute(delete(policies))
    found = why(sqlite_gate, reference)
    assert [found.scope, found.providers, found.provider, found.granted] == [None] * 4
    assert found.guard is None
    assert [line for line in found.cannot_tell if "no text is kept for it" in line][1:]


def test_a_policy_whose_text_was_changed_is_not_believed(sqlite_gate: RunningGate) -> None:
    reference = asked(sqlite_gate)
    scope, *_ = parted(sqlite_gate.facts("call.intended")[0]["policy"])
    with sqlite_gate.database.writing() as connection:
        forged = update(policies).where(policies.c.digest == scope)
        connection.execute(forged.values(text=b'{"models":["*"]}'))
    found = why(sqlite_gate, reference)
    assert found.scope is None
    assert found.providers is not None
    assert any("another one" in line for line in found.cannot_tell)


@pytest.mark.parametrize(
    "reference", ["", "4711", "s1.", ".4", "s1.-1", "s1.4.x", "s1.\u0664", "s1.1e3"]
)
def test_what_is_no_reference_is_refused(sqlite_gate: RunningGate, reference: str) -> None:
    with pytest.raises(Invalid) as caught:
        why(sqlite_gate, reference)
    assert caught.value.code == "reference_invalid"


def test_an_entry_that_is_not_there_and_one_that_is_no_call(sqlite_gate: RunningGate) -> None:
    sid, _, sq = asked(sqlite_gate).rpartition(".")
    for missing in (f"{sid}.{int(sq) + 1000}", f"{sid}x.{sq}", f"{sid}.{'9' * 15}"):
        with pytest.raises(NotFound) as caught:
            why(sqlite_gate, missing)
        assert caught.value.code == "entry_unknown"
    with pytest.raises(Invalid) as refused:
        why(sqlite_gate, f"{sid}.0")
    assert refused.value.code == "entry_not_a_call"
    assert "stream.opened" in refused.value.detail


def test_a_call_without_an_outcome_is_said_to_have_none(sqlite_gate: RunningGate) -> None:
    asked(sqlite_gate)
    sqlite_gate.store.faults = [None, Fault.COMMIT]
    reference = asked(sqlite_gate)
    found = why(sqlite_gate, reference)
    assert found.outcome is None
    assert any(line.startswith("How the call ended") for line in found.cannot_tell)


def run(gate: RunningGate, folder: Path, *arguments: str) -> Result:
    url = gate.database.engine.url.render_as_string(hide_password=False)
    environment = {"GATEBOOK_STORAGE_URL": url, "COLUMNS": "120"}
    return CliRunner(env=environment).invoke(gatebook, ["--data", str(folder), "why", *arguments])


def test_the_command_line_says_it_in_words_and_as_data(
    sqlite_gate: RunningGate, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    reference = asked(sqlite_gate)
    said = run(sqlite_gate, folder, reference)
    assert said.exit_code == 0, said.exception
    assert said.output.startswith("Agent bot was permitted chat.completions of gpt-4o.\n")
    for part in (reference, "alice@example.com", "agent.scope", "sim-*", "complete", "simulated"):
        assert part in said.output
    data = json.loads(run(sqlite_gate, folder, reference, "--json").output)
    assert data["entry"]["reference"] == reference
    assert data["scope"]["hosted_tools"] == ["*"]
    refused = run(sqlite_gate, folder, asked(sqlite_gate, "o4-mini"))
    assert refused.output.startswith("Agent bot was refused chat.completions: model_not_allowed.\n")
