"""Whatever a provider does, its agent gets an answer in its own dialect, in time and on record."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.faulty import FAULTS, FaultyVendor
from gatebook.core.secret import Secret
from gatebook.gateway.settings import GatewaySettings
from gatebook.storage.database import open_database
from tests.gates import RunningGate, eventually, open_running_gate

SETTINGS = GatewaySettings(
    port=0, snapshot_poll_ms=50, drain_seconds=2, first_byte_seconds=1, silence_seconds=1
)
WELL = (200, "", "complete")
BROKEN = (502, "upstream_broken", "upstream_broken")
TIMEOUT = (504, "upstream_timeout", "upstream_timeout")

# What becomes of a whole call: status, our code if the answer is ours, and how the entry ends it.
WHOLE: dict[str, tuple[int, str, str]] = {
    "well": WELL,
    "reset": BROKEN,
    "closed": BROKEN,
    "silent": TIMEOUT,
    "slow-head": WELL,
    "slow-body": WELL,
    "half-closed": BROKEN,
    "not-http": BROKEN,
    "not-json": BROKEN,
    "429": (429, "", "complete"),
    "500": (500, "", "complete"),
    "503": (503, "", "complete"),
    "503-between": (503, "upstream_error", "upstream_broken"),
}
# And of a stream that had begun: our code in the event that ends it.
STREAMS = {
    "stream-cut": "upstream_broken",
    "stream-garbage": "upstream_broken",
    "stream-silent": "upstream_timeout",
}


@pytest.fixture(scope="module")
def gate(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    """A gate before a vendor that fails in every way, in both dialects; one for all tests here."""
    path = tmp_path_factory.mktemp("faults") / "gatebook.db"
    shutil.copyfile(sqlite_template, path)
    database = open_database(f"sqlite:///{path}")
    with (
        FaultyVendor() as vendor,
        open_running_gate(database, settings=SETTINGS, provider_url=vendor.url) as running,
    ):
        with_anthropic(running, vendor.url)
        yield running
    database.close()


def with_anthropic(gate: RunningGate, url: str) -> None:
    """Have a provider of this dialect added, and wait until the gate knows it."""
    snapshots = gate.application._gate.snapshots
    revision = snapshots.current().directory.revision
    gate.office.order(
        "add_provider", provider="claude", dialect="anthropic", key=Secret("k"), base_url=url
    )
    eventually(lambda: snapshots.current().directory.revision > revision)


def ask(gate: RunningGate, path: str, fault: str, *, stream: bool = False) -> httpx.Response:
    body = {"model": f"fault-{fault}", "max_tokens": 5, "stream": stream, "messages": []}
    headers = {"x-api-key": gate.key, "anthropic-version": "2023-06-01"}
    if path != "/messages":
        headers = {"Authorization": f"Bearer {gate.key}"}
    return gate.http.post(f"{gate.base_url}{path}", json=body, headers=headers)


def last_ending(gate: RunningGate) -> str:
    return str(gate.facts("call.concluded")[-1]["ending"])


def code_in(path: str, error: dict[str, Any]) -> str:
    """Our code in an error, once its shape is seen to be the dialect's."""
    if path == "/messages":
        assert set(error) == {"type", "error", "request_id"}
        return str(error["error"]["code"])
    assert set(error["error"]) == {"message", "type", "param", "code"}
    return str(error["error"]["code"])


def test_every_fault_is_tried() -> None:
    assert {*FAULTS, "well"} == {*WHOLE, *STREAMS, "stream-error"}


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
@pytest.mark.parametrize("fault", WHOLE)
def test_a_whole_call_is_answered_whatever_happens(
    gate: RunningGate, fault: str, path: str
) -> None:
    status, code, ending = WHOLE[fault]
    response = ask(gate, path, fault)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    if code:
        assert code_in(path, response.json()) == code
        assert response.headers.get("x-should-retry", "false") == "false"
    assert last_ending(gate) == ending


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
@pytest.mark.parametrize("fault", STREAMS)
def test_a_stream_that_breaks_off_ends_with_an_error(
    gate: RunningGate, fault: str, path: str
) -> None:
    response = ask(gate, path, fault, stream=True)
    assert response.status_code == 200
    events = response.text.split("\n\n")[:-1]
    assert "Well." in response.text
    error = json.loads(events[-1].rpartition("data: ")[2])
    assert code_in(path, error) == STREAMS[fault]
    assert last_ending(gate) == STREAMS[fault]


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
def test_a_stream_that_the_provider_ends_with_an_error_ends_with_that(
    gate: RunningGate, path: str
) -> None:
    response = ask(gate, path, "stream-error", stream=True)
    assert response.status_code == 200
    event = response.text.split("\n\n")[-2]
    assert json.loads(event.rpartition("data: ")[2])["error"]["message"] == "Not now."
    assert last_ending(gate) == "upstream_broken"


def test_a_provider_that_cannot_be_reached_was_sent_nothing(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with open_running_gate(database, provider_url="http://127.0.0.1:9") as gate:
        response = gate.ask()
        assert response.status_code == 503
        assert response.json()["error"]["code"] == "upstream_unavailable"
        assert response.headers["x-should-retry"] == "true"
        assert last_ending(gate) == "upstream_unreachable"
    database.close()
