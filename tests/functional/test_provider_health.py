"""Providers are asked whether they are well, over real sockets and with our credential."""

import asyncio

from gatebook.storage.health import Measured, last_probes, measured
from tests.gates import PROVIDER_KEY, RunningGate


def look(gate: RunningGate) -> None:
    """Have the gate look whose turn it is."""
    opened = gate.application._gate
    asyncio.run_coroutine_threadsafe(opened.probes.look(), opened.book._loop).result(10)


def test_a_provider_is_asked_in_its_turn_and_what_it_said_is_on_record(gate: RunningGate) -> None:
    look(gate)
    look(gate)
    (provider,) = gate.office.directory.providers
    ((seen,), (fact,)) = gate.provider.seen, gate.facts("provider.probed")
    assert (seen.method, seen.path, seen.body) == ("GET", "/v1/models", b"")
    assert seen.headers["authorization"] == f"Bearer {PROVIDER_KEY}"
    assert (fact["provider"], fact["result"], fact["status"]) == (provider, "well", 200)
    assert measured(gate.database, 0) == {provider: Measured(1, 1, 0, 0)}
    (probe,) = last_probes(gate.database, provider, 9)
    assert probe.result == "well"
