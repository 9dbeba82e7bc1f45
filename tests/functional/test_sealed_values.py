"""What is sealed and does not open refuses the calls that need it, and no others."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from gatebook.core.secret import Secret
from gatebook.storage.database import open_database
from tests.functional.test_scope import enroll, order
from tests.gates import RunningGate, chat, error_of, open_running_gate


@pytest.fixture
def gate(sqlite_url: str) -> Iterator[RunningGate]:
    database = open_database(sqlite_url)
    with open_running_gate(database) as running:
        yield running
    database.close()


def damage(gate: RunningGate, statement: str) -> None:
    """Change the database behind the gate's back, and have it load what is there now."""
    with gate.database.writing() as connection:
        connection.execute(text(statement))
    order(gate, "register_person", email="dora@example.com", organization="default")


def answered(gate: RunningGate, key: str, model: str) -> int:
    """The status that a call with a key gets."""
    return gate.ask(chat(model), Authorization=f"Bearer {key}").status_code


def test_a_credential_that_does_not_open_refuses_the_calls_of_its_provider_only(
    gate: RunningGate, caplog: pytest.LogCaptureFixture
) -> None:
    second = {"base_url": f"{gate.vendor_url}/v1", "key": Secret("sk-second"), "model": ["sim-*"]}
    order(gate, "add_provider", provider="second", **second)
    key = enroll(gate, "mailer", model=["sim-*"], provider=["second"])
    damage(gate, "UPDATE providers SET credential = zeroblob(60) WHERE name = 'simulated'")
    for _ in range(2):
        assert error_of(gate.ask()) == (500, "server_error", "provider_credential_unreadable")
        assert gate.provider.seen == []
        assert "the provider simulated of default does not open" in caplog.text
        assert answered(gate, key, "sim-1") == 200
        gate.provider.seen.clear()
        gate.stop_serving()
        gate.start()  # a restart comes up as it was
    assert [fact["code"] for fact in gate.facts("call.refused")] == [
        "provider_credential_unreadable"
    ] * 2


def test_a_data_key_that_does_not_open_refuses_the_calls_of_its_organization_only(
    gate: RunningGate, caplog: pytest.LogCaptureFixture
) -> None:
    order(gate, "create_organization", slug="acme")
    here = {"organization": "acme", "base_url": f"{gate.vendor_url}/v1", "key": Secret("sk-acme")}
    order(gate, "add_provider", provider="simulated", **here)
    key = enroll(gate, "mailer", organization="acme")
    damage(
        gate,
        "UPDATE data_keys SET wrapped = zeroblob(60) WHERE organization_id = "
        "(SELECT id FROM organizations WHERE slug = 'acme')",
    )
    response = gate.ask(Authorization=f"Bearer {key}")
    assert error_of(response) == (500, "server_error", "data_key_unreadable")
    assert "of the organization acme does not open" in caplog.text
    assert gate.ask().status_code == 200
