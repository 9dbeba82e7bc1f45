"""A full disk refuses entries and loses none; freed, the same writer goes on."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gatebook.core.errors import Unavailable
from gatebook.ledger.attempt import Receipt
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database, open_database
from gatebook.storage.migrate import migrate
from tests.books import read_book
from tests.recorder import EVENT, Recorder
from tests.simulators.clock import SetClock


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of two megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    mounted = subprocess.run(options, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"this root may not mount: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(recorder: Recorder[Any]) -> tuple[list[Receipt], Unavailable]:
    """Record until an entry is refused."""
    receipts: list[Receipt] = []
    for _ in range(1000):
        for outcome in recorder.record(*[EVENT] * 10):
            if not isinstance(outcome, Receipt):
                assert isinstance(outcome, Unavailable)
                return receipts, outcome
            receipts.append(outcome)
    raise AssertionError("the disk never got full")


def assert_kept(database: Database, receipts: list[Receipt]) -> None:
    """Every receipted entry is in the book, where its receipt says."""
    book = read_book(database)
    for receipt in receipts:
        assert book[receipt.sid][receipt.sq].hash == receipt.leaf


def test_sqlite_that_may_not_grow_refuses_and_goes_on_once_it_may(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    limit = {"pages": 150}

    def restrict(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit['pages']}")

    event.listen(database.engine, "connect", restrict)
    recorder = Recorder(SqlStore(database, SetClock())).start()
    receipts, refused = fill(recorder)
    assert "SQLITE_FULL" in refused.detail
    assert "disk space" in refused.hint
    assert_kept(database, receipts)
    limit["pages"] = 10_000
    receipts += recorder.receipts()
    recorder.close()
    assert_kept(database, receipts)
    database.close()


def test_sqlite_on_a_full_file_system_refuses_and_goes_on_once_there_is_room(
    small_disk: Path,
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(500_000))
    database = open_database(f"sqlite:///{small_disk}/gatebook.db")
    migrate(database)
    recorder = Recorder(SqlStore(database, SetClock())).start()
    receipts, refused = fill(recorder)
    assert refused.code == "ledger_unavailable"
    assert_kept(database, receipts)
    ballast.unlink()
    receipts += recorder.receipts()
    recorder.close()
    assert_kept(database, receipts)
    database.close()
