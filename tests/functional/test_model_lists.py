"""The list of models is one of all providers: each shows what calls would go to it for."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bench.faulty import FaultyVendor
from gatebook.core.secret import Secret
from gatebook.gateway.settings import UpstreamSettings
from gatebook.storage.database import open_database
from tests.functional.test_fallbacks import add, endings
from tests.gates import SETTINGS, RunningGate, open_running_gate

UPSTREAM = UpstreamSettings(breaker_failures=9)


@pytest.fixture
def vendor() -> Iterator[FaultyVendor]:
    """A vendor that answers a list of models with whatever fault is set."""
    with FaultyVendor() as running:
        yield running


@pytest.fixture
def gate(sqlite_url: str, vendor: FaultyVendor) -> Iterator[RunningGate]:
    """A gate with that vendor first, then a provider of one model and one of more."""
    with ExitStack() as stack:
        database = open_database(sqlite_url)
        stack.callback(database.close)
        running = stack.enter_context(
            open_running_gate(database, settings=SETTINGS, upstream=UPSTREAM)
        )
        add(running, "remove_provider", provider="simulated")
        with_provider(running, vendor.url, "fault-*")
        with_provider(running, running.vendor_url, "gpt-4o-mini")
        with_provider(running, running.vendor_url, "gpt-*")
        yield running


def with_provider(gate: RunningGate, url: str, model: str) -> None:
    name = f"of-{len(gate.office.directory.providers)}"
    add(gate, "add_provider", provider=name, key=Secret("k"), base_url=url, model=[model])


def listed(gate: RunningGate) -> list[str]:
    response = gate.http.get(
        f"{gate.base_url}/models", headers={"Authorization": f"Bearer {gate.key}"}
    )
    assert response.status_code == 200
    assert "x-gatebook-fallback" not in response.headers
    assert response.headers["x-request-id"].endswith(f".{gate.events('call.intended')[-1].sq}")
    return [model["id"] for model in response.json()["data"]]


def test_each_provider_shows_what_it_is_the_first_to_be_asked_for(gate: RunningGate) -> None:
    assert listed(gate) == ["gpt-4o-mini", "gpt-4o"]
    gate.engage("provider", "of-1")
    assert listed(gate) == ["gpt-4o", "gpt-4o-mini"]


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        ("500", "not_executed"),
        ("reset", "upstream_broken"),
        ("not-json", "upstream_broken"),
    ],
)
def test_a_provider_that_gives_no_list_is_left_out(
    gate: RunningGate, vendor: FaultyVendor, fault: str, ending: str
) -> None:
    vendor.faults[""] = fault
    assert listed(gate) == ["gpt-4o-mini", "gpt-4o"]
    assert endings(gate) == [ending, "complete", "complete"]
    assert [fact.get("attempt", 0) for fact in gate.facts("call.intended")] == [0, 1, 2]
    assert len({fact["call"] for fact in gate.facts("call.intended")}) == 1


def test_if_none_gives_a_list_the_agent_is_told_what_the_last_one_said(
    gate: RunningGate, vendor: FaultyVendor
) -> None:
    gate.office.order("remove_provider", provider="of-1")
    add(gate, "remove_provider", provider="of-2")
    with_provider(gate, f"{gate.vendor_url}/nowhere", "gpt-*")
    vendor.faults[""] = "500"
    response = gate.http.get(
        f"{gate.base_url}/models", headers={"Authorization": f"Bearer {gate.key}"}
    )
    assert response.status_code == 404
    assert endings(gate) == ["not_executed", "complete"]
