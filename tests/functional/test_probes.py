"""Whoever asks is told whether the gate lives and takes calls; why not is told on another port."""

import threading
from collections.abc import Iterator

import httpx
import pytest

from gatebook.app.settings import TelemetrySettings
from gatebook.storage.database import open_database
from tests.gates import RunningGate, chat, eventually, open_running_gate
from tests.served import free_port
from tests.simulators.stores import Fault


@pytest.fixture
def port() -> int:
    """The port of the metrics."""
    return free_port()


@pytest.fixture
def gate(sqlite_url: str, port: int) -> Iterator[RunningGate]:
    database = open_database(sqlite_url)
    telemetry = TelemetrySettings(metrics=True, metrics_port=port)
    with open_running_gate(database, telemetry=telemetry) as running:
        yield running
    database.close()


def probe(gate: RunningGate, path: str, method: str = "GET") -> httpx.Response:
    """What the agents' port says, to somebody without a key."""
    return gate.http.request(method, f"http://127.0.0.1:{gate.port}{path}")


def details(gate: RunningGate, port: int) -> tuple[int, dict[str, str]]:
    """What the port of the metrics says of what is wrong."""
    response = gate.http.get(f"http://127.0.0.1:{port}/readyz")
    return response.status_code, response.json()["failing"]


def is_closed(gate: RunningGate) -> bool:
    """Whether the agents' port takes no connection; while it does, it says that it is not ready."""
    try:
        response = httpx.get(f"http://127.0.0.1:{gate.port}/readyz")
    except httpx.TransportError:
        return True
    assert response.status_code == 503
    return False


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/readyz?verbose=1"])
def test_a_probe_needs_no_key_and_leaves_no_trace(gate: RunningGate, path: str) -> None:
    response = probe(gate, path)
    assert (response.status_code, response.text) == (200, "ok\n")
    assert response.headers["cache-control"] == "no-store"
    head = probe(gate, path, "HEAD")
    assert (head.status_code, head.text) == (200, "")
    assert gate.requests == 0
    assert gate.events() == []


@pytest.mark.parametrize(("method", "path"), [("POST", "/readyz"), ("GET", "/readyz/")])
def test_anything_else_is_a_call_like_any_other(gate: RunningGate, method: str, path: str) -> None:
    assert probe(gate, path, method).status_code == 401
    assert gate.requests == 1


def test_a_book_that_does_not_write_is_not_ready_until_it_does(
    gate: RunningGate, port: int
) -> None:
    gate.store.faults = [Fault.BEGIN] * 3
    assert gate.ask().status_code == 503
    assert (probe(gate, "/readyz").status_code, probe(gate, "/readyz").text) == (503, "not ok\n")
    assert probe(gate, "/healthz").status_code == 200
    status, failing = details(gate, port)
    assert (status, list(failing)) == (503, ["book"])
    gate.store.faults = []
    eventually(lambda: gate.ask().status_code == 200)
    assert details(gate, port) == (200, {})
    assert probe(gate, "/readyz").status_code == 200


def test_while_calls_end_the_gate_is_not_ready_and_says_why(gate: RunningGate, port: int) -> None:
    slow = threading.Thread(target=gate.ask, args=(chat("sim-slow-2"),))
    slow.start()
    eventually(lambda: len(gate.provider.seen) == 1)
    gate.application.front.server.should_exit = True  # type: ignore[union-attr]  # it is served
    assert details(gate, port) == (503, {"front": "draining"})
    eventually(lambda: is_closed(gate))
    assert details(gate, port) == (503, {"front": "draining"})
    slow.join()
    assert gate.facts("call.concluded")[0]["ending"] == "complete"
