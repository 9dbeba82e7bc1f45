"""Nothing leaves unrecorded: what keeps the book from taking an entry keeps the call from going.

Asked at the provider: every request that it saw has a durable intent, and a refused call has none.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import event

from gatebook.ledger.settings import LedgerSettings
from gatebook.storage.database import open_database
from tests.databases import PostgresqlServer
from tests.gates import SETTINGS, RunningGate, chat, eventually, open_running_gate


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """A server that nobody else uses."""
    with PostgresqlServer() as own:
        yield own


def code_of(response: httpx.Response) -> str:
    """The code of a refusal, once it is seen to be a 503 in OpenAI's shape."""
    assert response.status_code == 503
    error = response.json()["error"]
    assert error["type"] == "server_error"
    return str(error["code"])


def endings(gate: RunningGate) -> list[str]:
    return [fact["ending"] for fact in gate.facts("call.concluded")]


def assert_all_recorded(gate: RunningGate) -> None:
    """As many intents that were sent as requests that came."""
    sent = len(gate.events("call.intended")) - endings(gate).count("not_sent")
    assert len(gate.provider.seen) == sent


@pytest.mark.parametrize("streams", [False, True])
def test_a_full_disk(sqlite_url: str, streams: bool) -> None:
    database = open_database(sqlite_url)
    limit = {"pages": 0}

    def restrict(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit['pages']}")

    with open_running_gate(database) as gate:
        with database.reading() as connection:
            limit["pages"] = 20 + connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        event.listen(gate.writers_database.engine, "connect", restrict)
        answers = [gate.ask(chat(stream=streams)) for _ in range(200)]
        full = [answer for answer in answers if answer.status_code != 200]
        assert full, "the disk never got full"
        assert {code_of(answer) for answer in full} == {"audit_unavailable"}
        assert_all_recorded(gate)
        seen = len(gate.provider.seen)
        for _ in range(3):
            assert code_of(gate.ask(chat(stream=streams))) == "audit_unavailable"
        assert len(gate.provider.seen) == seen
        limit["pages"] += 1000  # the next connection is the first to know
        eventually(lambda: gate.ask(chat(stream=streams)).status_code == 200)
        assert_all_recorded(gate)
    database.close()


def test_a_stopped_database(server: PostgresqlServer) -> None:
    database = open_database(server.url(server.fresh()), wait_seconds=1)
    with open_running_gate(database) as gate:
        assert gate.ask().status_code == 200
        server.stop()
        began = time.monotonic()
        for streams in (False, True):
            assert code_of(gate.ask(chat(stream=streams))) == "audit_unavailable"
        assert time.monotonic() - began < 15
        assert len(gate.provider.seen) == 1
        server.start()
        eventually(lambda: gate.ask().status_code == 200)
        assert_all_recorded(gate)
    database.close()


def test_a_directory_that_cannot_be_confirmed(server: PostgresqlServer) -> None:
    """A revocation that we cannot hear of must not be outlived."""
    database = open_database(server.url(server.fresh()), wait_seconds=1)
    settings = replace(SETTINGS, snapshot_stale_seconds=1)
    with open_running_gate(database, settings=settings) as gate:
        assert gate.ask().status_code == 200
        server.stop()
        eventually(lambda: code_of(gate.ask()) == "directory_unavailable")
        response = gate.ask()
        assert response.headers["x-should-retry"] == "true"
        assert len(gate.provider.seen) == 1
        server.start()
        eventually(lambda: gate.ask().status_code == 200)
    database.close()


def test_a_ledger_that_cannot_keep_up(sqlite_url: str) -> None:
    """What was given up and becomes durable later is said not to have been sent."""
    database = open_database(sqlite_url)
    ledger = LedgerSettings(queue_limit=4, append_timeout_seconds=1)
    with open_running_gate(database, ledger=ledger) as gate:
        assert gate.ask().status_code == 200
        blocker = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: gate.ask(), range(12)))
        blocker.execute("ROLLBACK")
        blocker.close()
        assert {code_of(answer) for answer in answers} == {"audit_unavailable"}
        reasons = {json.loads(answer.content)["error"]["message"] for answer in answers}
        assert any("ledger_queue_full" in reason for reason in reasons)
        assert any("ledger_slow" in reason for reason in reasons)
        assert len(gate.provider.seen) == 1
        eventually(lambda: "not_sent" in endings(gate))
        eventually(lambda: gate.ask().status_code == 200)
        late = len(gate.events("call.intended")) - 2
        eventually(lambda: endings(gate).count("not_sent") == late)
        assert_all_recorded(gate)
    database.close()


def test_a_notary_that_is_down_when_a_stream_is_to_be_opened(sqlite_gate: RunningGate) -> None:
    sqlite_gate.certifier.is_up = False
    assert code_of(sqlite_gate.ask()) == "audit_unavailable"
    assert sqlite_gate.provider.seen == []
    sqlite_gate.certifier.is_up = True
    eventually(lambda: sqlite_gate.ask().status_code == 200)
    assert_all_recorded(sqlite_gate)


def test_a_notary_that_goes_down_later_stops_nobody(sqlite_gate: RunningGate) -> None:
    assert sqlite_gate.ask().status_code == 200
    sqlite_gate.certifier.is_up = False
    assert sqlite_gate.ask().status_code == 200
