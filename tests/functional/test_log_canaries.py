"""No log has a secret or a prompt in it, at the lowest level and whatever goes wrong."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from gatebook.app.log_lines import one_line
from gatebook.app.settings import TelemetrySettings
from gatebook.formats import Call
from gatebook.gateway.guarding import Guard
from gatebook.gateway.telemetry import Telemetry
from gatebook.storage.database import open_database
from tests.gates import PROVIDER_KEY, RunningGate, chat, eventually, open_running_gate

PROMPT = "zebedee-canary-in-a-prompt"
STRANGE = "gbk_agt_live_Zx9canaryQw7_canary"
UNKNOWN = "of-no-shape-that-is-known"


class Log:
    """Everything that is logged, in both forms."""

    def __init__(self) -> None:
        self._sinks = []
        for form in ("text", "json"):
            sink = logging.StreamHandler(io.StringIO())
            sink.setFormatter(one_line("gateway", form))
            self._sinks.append(sink)
            logging.getLogger().addHandler(sink)

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(sink.stream.getvalue() for sink in self._sinks)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of JSON."""
        return [json.loads(line) for line in self._sinks[1].stream.getvalue().splitlines()]

    def close(self) -> None:
        """Log no more."""
        for sink in self._sinks:
            logging.getLogger().removeHandler(sink)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Log]:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(5, "uvicorn")  # its own level below DEBUG
    opened = Log()
    yield opened
    opened.close()


@pytest.fixture
def gate(sqlite_url: str, log: Log) -> Iterator[RunningGate]:
    """A gate that logs all it can; checked at the end for what may not be there."""
    database = open_database(sqlite_url)
    with open_running_gate(database, telemetry=TelemetrySettings(access_log=True)) as running:
        running.http.headers["X-Log-Me"] = PROMPT
        yield running
        said = [PROMPT, running.key, running.key[-49:], STRANGE, UNKNOWN, PROVIDER_KEY]
    database.close()
    assert [secret for secret in said if secret in log.text] == []


def ask(gate: RunningGate, **fields: Any) -> int:
    """Ask something that nobody is to read."""
    messages = [{"role": "user", "content": PROMPT}]
    return gate.ask(chat(messages=messages, **fields)).status_code


def test_calls_that_go_well_or_are_refused(gate: RunningGate, log: Log) -> None:
    assert ask(gate) == ask(gate, stream=True) == 200
    assert ask(gate, model="o1-preview") == 403
    gate.ask(f'{{"model": {PROMPT}'.encode())
    url = f"{gate.base_url}/models?key="
    assert gate.http.get(url + gate.key, headers={"x-api-key": gate.key}).status_code == 403
    assert gate.http.get(url + STRANGE).status_code == 401
    assert gate.http.get(url + UNKNOWN).status_code == 401
    assert gate.ask(Authorization=f"Bearer {STRANGE}").status_code == 401
    assert gate.ask(b"\x00" * 70_000, Authorization=f"Bearer {STRANGE}").status_code == 401
    eventually(lambda: len([line for line in log.lines if line["message"] == "call"]) == 5)
    whole = next(line for line in log.lines if line["message"] == "call")
    intent = gate.events("call.intended")[0]
    assert whole["receipt"] == f"{intent.header['sid']}.{intent.sq}"
    assert whole["agent"] == intent.header["d"]["agent"]
    assert (whole["operation"], whole["status"]) == ("chat.completions", 200)
    assert whole["ending"] == "complete"
    assert whole["total_ms"] >= whole["provider_ms"] >= whole["first_byte_ms"] >= 0
    assert "uvicorn.error" in {line["logger"] for line in log.lines}


def test_an_exception_that_holds_a_body(
    gate: RunningGate, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_guard: Guard, call: Call) -> None:
        raise ValueError(f"cannot inspect {call.body!r} of {gate.key}")

    monkeypatch.setattr(Guard, "inspect", broken)
    assert ask(gate) == 500
    (line,) = (line for line in log.lines if "incident" in line["message"])
    assert line["failure"].startswith("ValueError (")
    assert "pipeline.py" in line["failure"]


def test_an_exception_that_reaches_the_server(
    gate: RunningGate, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError(PROMPT)

    monkeypatch.setattr(Telemetry, "ended", broken)
    assert ask(gate) == 200
    eventually(lambda: "Exception in ASGI application" in log.text)
