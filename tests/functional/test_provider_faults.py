"""Whatever a provider does, its agent gets an answer in its own dialect, in time and on record."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import pytest

from bench.faulty import FAULTS, FaultyVendor
from gatebook.core.secret import Secret
from gatebook.gateway.settings import GatewaySettings, UpstreamSettings
from gatebook.storage.database import open_database
from tests.gates import RunningGate, eventually, open_running_gate

SETTINGS = GatewaySettings(
    port=0, snapshot_poll_ms=50, drain_seconds=2, first_byte_seconds=1, silence_seconds=1
)
HI: Final = [{"role": "user", "content": "hi"}]


class Spoken(NamedTuple):
    """How a dialect is spoken without a package, and by which statuses it fails."""

    whole: str
    stream: str
    body: dict[str, Any]
    mark: tuple[str, str] = ("accept", "*/*")
    """A header that this dialect is known by."""
    broken: int = 502
    timeout: int = 504
    unreachable: int = 503


SPOKEN: Final = {
    "chat": Spoken("/v1/chat/completions", "/v1/chat/completions", {"messages": HI}),
    "responses": Spoken("/v1/responses", "/v1/responses", {"input": "hi", "store": False}),
    "azure": Spoken(
        "/openai/deployments/{model}/chat/completions?api-version=2024-10-21",
        "/openai/deployments/{model}/chat/completions?api-version=2024-10-21",
        {"messages": HI},
    ),
    "messages": Spoken(
        "/v1/messages",
        "/v1/messages",
        {"messages": HI, "max_tokens": 5},
        ("anthropic-version", "2023-06-01"),
        unreachable=529,
    ),
    "gemini": Spoken(
        "/v1beta/models/{model}:generateContent",
        "/v1beta/models/{model}:streamGenerateContent?alt=sse",
        {"contents": [{"parts": [{"text": "hi"}]}]},
        broken=500,
    ),
    "bedrock": Spoken(
        "/model/{model}/converse",
        "/model/{model}/converse-stream",
        {"messages": [{"role": "user", "content": [{"text": "hi"}]}]},
        broken=424,
        timeout=408,
    ),
}
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
# And of a stream that had begun: our code in the event that ends it; none if the vendor's ends it.
STREAMS = {
    "stream-cut": "upstream_broken",
    "stream-garbage": "upstream_broken",
    "stream-silent": "upstream_timeout",
    "stream-error": "",
}
each_dialect = pytest.mark.parametrize("dialect", SPOKEN)


@pytest.fixture(scope="module")
def vendor() -> Iterator[FaultyVendor]:
    """A vendor that fails as the model says, in every dialect."""
    with FaultyVendor() as running:
        yield running


@pytest.fixture(scope="module")
def gate(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, vendor: FaultyVendor
) -> Iterator[RunningGate]:
    """A gate before that vendor; one for all tests here."""
    path = tmp_path_factory.mktemp("faults") / "gatebook.db"
    shutil.copyfile(sqlite_template, path)
    with (
        closing(open_database(f"sqlite:///{path}")) as database,
        open_running_gate(
            database,
            settings=SETTINGS,
            upstream=UpstreamSettings(breaker_failures=3, breaker_seconds=1),
            provider_url=vendor.url,
        ) as running,
    ):
        add_others(running, vendor.url)
        yield running


def add_others(gate: RunningGate, url: str) -> None:
    """Have a provider of each other dialect added, and wait until the gate knows them."""
    for dialect in ("anthropic", "gemini", "azure", "bedrock"):
        gate.office.order(
            "add_provider", provider=dialect, dialect=dialect, key=Secret("k"), base_url=url
        )
    snapshots, revision = gate.application._gate.snapshots, gate.office.directory.revision
    eventually(lambda: snapshots.current().directory.revision >= revision)


def ask(gate: RunningGate, dialect: str, model: str, *, stream: bool = False) -> httpx.Response:
    spoken = SPOKEN[dialect]
    path = (spoken.stream if stream else spoken.whole).replace("{model}", model)
    body = dict(spoken.body)
    if dialect not in ("gemini", "bedrock"):
        body |= {"model": model, "stream": stream}
    headers = dict([("Authorization", f"Bearer {gate.key}"), spoken.mark])
    return gate.http.post(gate.base_url.removesuffix("/v1") + path, json=body, headers=headers)


def last_ending(gate: RunningGate) -> str:
    return str(gate.facts("call.concluded")[-1]["ending"])


def code_in(dialect: str, body: bytes) -> str:
    """Our code in an error, once its shape is seen to be the dialect's."""
    if dialect == "bedrock":
        (code,) = re.findall(rb" \[(\w+)\]\"", body)
        return str(code.decode())
    told = json.loads(body)
    error = told["error"]
    if dialect == "gemini":
        assert set(error) == {"code", "message", "status", "details"}
        return str(error["details"][0]["reason"]).lower()
    assert set(told) == ({"type", "error", "request_id"} if dialect == "messages" else {"error"})
    return str(error["code"])


def test_every_fault_is_tried() -> None:
    assert {*FAULTS, "well"} == {*WHOLE, *STREAMS}


@each_dialect
@pytest.mark.parametrize("fault", WHOLE)
def test_a_whole_call_is_answered_whatever_happens(
    gate: RunningGate, fault: str, dialect: str
) -> None:
    status, code, ending = WHOLE[fault]
    # Those that share a provider share the circuits of a model, and a fault may open one.
    model = f"fault-{fault}/{dialect}" if dialect in ("chat", "responses") else f"fault-{fault}"
    response = ask(gate, dialect, model)
    own = {"upstream_broken": SPOKEN[dialect].broken, "upstream_timeout": SPOKEN[dialect].timeout}
    assert response.status_code == own.get(code, status)
    assert response.headers["content-type"] == "application/json"
    if code:
        assert code_in(dialect, response.content) == code
        assert response.headers.get("x-should-retry", "false") == "false"
    assert last_ending(gate) == ending


@each_dialect
@pytest.mark.parametrize("fault", STREAMS)
def test_a_stream_that_breaks_off_ends_with_an_error(
    gate: RunningGate, fault: str, dialect: str
) -> None:
    response = ask(gate, dialect, f"fault-{fault}", stream=True)
    assert response.status_code == 200
    assert b"Well." in response.content
    code = STREAMS[fault]
    if not code:
        assert b"Not now." in response.content  # as the vendor says it
    elif dialect == "bedrock":
        assert code_in(dialect, response.content) == code
    elif dialect == "responses":
        assert f'"code":"{code}"' in response.text.split("\n\n")[-2]
    else:
        *_, last = response.text.rstrip().split("data: ")
        assert code_in(dialect, last.encode()) == code
    assert last_ending(gate) == (code or "upstream_broken")


@each_dialect
def test_a_circuit_opens_and_closes_when_the_vendor_is_well_again(
    gate: RunningGate, vendor: FaultyVendor, dialect: str
) -> None:
    model = f"sim-{dialect}-500"
    vendor.faults[model] = "500"
    assert [ask(gate, dialect, model).status_code for _ in range(3)] == [500] * 3
    asked = vendor.requests
    refused = ask(gate, dialect, model)
    assert refused.status_code == SPOKEN[dialect].unreachable
    assert code_in(dialect, refused.content) == "upstream_unavailable"
    assert int(refused.headers["retry-after"]) >= 1
    assert vendor.requests == asked
    del vendor.faults[model]
    eventually(lambda: ask(gate, dialect, model).status_code == 200)  # the trial
    assert ask(gate, dialect, model).status_code == 200
    eventually(lambda: bool(circuits(gate, "circuit.closed", model)))
    (opened,) = circuits(gate, "circuit.opened", model)
    (closed,) = circuits(gate, "circuit.closed", model)
    assert opened["failures"] == 3
    assert closed["provider"] == opened["provider"]


def circuits(gate: RunningGate, name: str, model: str) -> list[dict[str, Any]]:
    """What the book says of the circuits of a model."""
    return [fact for fact in gate.facts(name) if fact["model"] == model]


@each_dialect
def test_a_provider_that_cannot_be_reached_was_sent_nothing(
    unreachable: RunningGate, dialect: str
) -> None:
    response = ask(unreachable, dialect, "fault-well")
    assert response.status_code == SPOKEN[dialect].unreachable
    assert code_in(dialect, response.content) == "upstream_unavailable"
    assert response.headers["x-should-retry"] == "true"
    assert last_ending(unreachable) == "upstream_unreachable"


@pytest.fixture(scope="module")
def unreachable(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGate]:
    """A gate whose providers are where nobody listens."""
    path = tmp_path_factory.mktemp("unreachable") / "gatebook.db"
    shutil.copyfile(sqlite_template, path)
    with (
        closing(open_database(f"sqlite:///{path}")) as database,
        open_running_gate(database, provider_url="http://127.0.0.1:9") as running,
    ):
        add_others(running, "http://127.0.0.1:9")
        yield running
