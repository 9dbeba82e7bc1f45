"""While our entries are kept from the signed log, calls are refused; whoever can write the database
alone can neither lengthen that time nor make it look as if they were signed."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, func, select, update

from gatebook.app.publish import LogPublisher
from gatebook.ledger.entry import read
from gatebook.ledger.settings import LedgerSettings
from gatebook.storage.database import Database
from gatebook.storage.tables import entries, runs, streams
from tests.gates import CHAT, NoonClock, RunningGate, error_of, eventually, open_running_gate
from tests.installations import Installation
from tests.served import ORDER, Start
from tests.simulators.stores import Fault

pytestmark = pytest.mark.long  # each waits for a limit of seconds, on both databases

STALL = LedgerSettings(stall_seconds=3)


@pytest.fixture
def installation(tmp_path: Path, database: Database) -> Iterator[Installation]:
    """A notary and a log folder on each kind of database, at the gate's time of day."""
    opened = Installation(tmp_path / "data", database, NoonClock())
    yield opened
    opened.server.stop()


@pytest.fixture
def gate(database: Database, installation: Installation) -> Iterator[RunningGate]:
    """A gate that the notary certifies, and asks how far it has signed."""
    with open_running_gate(database, ledger=STALL, notary=installation.notary) as running:
        yield running


@pytest.fixture
def publisher(installation: Installation, gate: RunningGate) -> LogPublisher:
    """Publishes the log of the gate's stream when it is told to."""
    assert gate.ask().status_code == 200
    return installation.publisher(newest_stream(gate)[1])


def newest_stream(gate: RunningGate) -> tuple[int, str]:
    """Number and log of the gate's stream."""
    with gate.database.reading() as connection:
        found = select(streams.c.no, streams.c.log).where(streams.c.writer == "gateway")
        no, log = connection.execute(found.order_by(streams.c.no.desc())).first() or (0, "")
        return no, log


def is_refused(gate: RunningGate) -> bool:
    """Whether a call is refused because of the log: in the agent's dialect, and nothing is sent."""
    sent = len(gate.provider.seen)
    response = gate.ask()
    if response.status_code == 200:
        return False
    assert error_of(response) == (503, "server_error", "log_stalled")
    assert "integrator" in response.json()["error"]["message"]
    assert response.headers["retry-after"] == "1"
    assert len(gate.provider.seen) == sent
    return True


def told(gate: RunningGate, name: str) -> list[dict[str, Any]]:
    """What the gate's stream holds of one kind of event."""
    with gate.database.reading() as connection:
        found = select(entries.c.leaf).where(entries.c.stream_no == newest_stream(gate)[0])
        leaves = connection.scalars(found.order_by(entries.c.sq)).all()
    headers = [read(bytes(leaf)) for leaf in leaves]
    return [json.loads(bytes(header.d)) for header in headers if header.ev == name]


def intents(gate: RunningGate) -> int:
    """How many intents the gate's stream holds."""
    return len(told(gate, "call.intended"))


def test_calls_go_on_while_the_log_does(gate: RunningGate, publisher: LogPublisher) -> None:
    until = time.monotonic() + 2 + STALL.stall_seconds
    while time.monotonic() < until:
        publisher.publish()
        assert not is_refused(gate)
        time.sleep(0.1)


def test_without_an_integrator_calls_are_refused_after_a_while_until_it_is_back(
    gate: RunningGate, publisher: LogPublisher
) -> None:
    eventually(lambda: is_refused(gate))
    before = intents(gate)
    assert is_refused(gate)
    assert intents(gate) == before
    publisher.publish()
    eventually(lambda: not is_refused(gate))


def test_who_is_turned_away_meanwhile_is_told_the_same_as_ever_and_it_is_on_record(
    gate: RunningGate, publisher: LogPublisher
) -> None:
    del publisher
    eventually(lambda: is_refused(gate))
    assert error_of(gate.ask(Authorization="Bearer nobody"))[2] == "invalid_api_key"
    assert error_of(gate.ask({"model": "o4-mini", "messages": []}))[2] == "model_not_allowed"
    codes = [fact["code"] for fact in told(gate, "call.refused")]
    assert codes == ["log_stalled", "model_not_allowed"]


def test_commits_that_are_always_in_doubt_do_not_hide_what_was_committed(
    gate: RunningGate, publisher: LogPublisher
) -> None:
    """A database in the wrong hands may call every commit failed that it has done."""
    del publisher
    gate.store.faults = [Fault.COMMIT_WRITTEN] * 10_000
    eventually(lambda: is_refused(gate))


def test_without_a_notary_too(
    gate: RunningGate, publisher: LogPublisher, installation: Installation
) -> None:
    publisher.publish()
    installation.server.stop()
    eventually(lambda: is_refused(gate))


def test_the_gate_of_a_running_installation_asks_its_notary(start: Start) -> None:
    served = start(LEDGER_STALL_SECONDS=4, LEDGER_CHECKPOINT_SECONDS=1, LEDGER_HEARTBEAT_SECONDS=1)
    served.wait(lambda: served.ready() == ORDER)
    who = ("--owner", "alice@example.com", "--purpose", "answers mail", "--model", "gpt-*")
    key = served.gatebook("agent", "enroll", "mailer", *who)["key"]
    nowhere = ("--no-key", "--base-url", "http://127.0.0.1:9/v1")
    served.gatebook("provider", "add", "nowhere", *nowhere)
    host, port = served.address("gateway")

    def code() -> str:
        """Why a call is refused; its provider is not there."""
        headers = {"Authorization": f"Bearer {key}"}
        url = f"http://{host}:{port}/v1/chat/completions"
        return error_of(httpx.post(url, json=CHAT, headers=headers))[2]

    served.wait(lambda: code() == "upstream_unavailable")
    integrator = served.children()["integrator"]
    os.kill(integrator, signal.SIGSTOP)
    served.wait(lambda: code() == "log_stalled")
    os.kill(integrator, signal.SIGCONT)
    served.wait(lambda: code() == "upstream_unavailable")
    served.wait(lambda: "calls are taken again" in served.said)
    assert served.end() == 0


def test_a_spoiled_row_stops_calls_and_a_made_up_run_does_not_help(
    gate: RunningGate, publisher: LogPublisher
) -> None:
    no, log = newest_stream(gate)
    with gate.database.writing() as connection:
        last = connection.scalar(select(func.max(entries.c.sq)).where(entries.c.stream_no == no))
        assert last
        spoiled = (entries.c.stream_no == no, entries.c.sq == last - 1)
        leaf = bytes(connection.execute(select(entries.c.leaf).where(*spoiled)).scalar_one())
        connection.execute(update(entries).where(*spoiled).values(leaf=b"spoiled"))
        connection.execute(
            runs.insert().values(log=log, start=10**9, stream_no=no, first_sq=last, count=10**6)
        )
    publisher.publish()
    assert publisher.held
    eventually(lambda: is_refused(gate))
    with gate.database.writing() as connection:
        connection.execute(delete(runs).where(runs.c.start == 10**9))
        connection.execute(update(entries).where(*spoiled).values(leaf=leaf))
    publisher.publish()
    eventually(lambda: not is_refused(gate))
