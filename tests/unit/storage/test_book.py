"""The durable side of the writer: what was committed is there, once and in order."""

import os
from contextlib import suppress

import pytest
from sqlalchemy import insert, select

from gatebook.core.errors import Conflict, Unavailable
from gatebook.ledger.ports import Head
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database, open_database
from gatebook.storage.tables import bodies, entries, streams
from tests.recorder import LOG
from tests.simulators.clock import NOON_US, SetClock


@pytest.fixture
def store(database: Database) -> SqlStore:
    """A store on a fresh database; the database closes it."""
    return SqlStore(database, SetClock())


def opened(
    store: SqlStore, sid: str, log: str = LOG, writer: str = "gateway", rows: int = 1
) -> int:
    """A stream with some entries; gives its number."""
    with store.transaction() as tx:
        number = store.register(tx, log, sid, writer)
        store.append(tx, [(number, sq, f"{sid} {sq}".encode()) for sq in range(rows)])
    return number


def test_streams_are_numbered_and_never_twice(store: SqlStore) -> None:
    first = opened(store, "s1")
    with suppress(Conflict), store.transaction() as tx:
        store.register(tx, LOG, "s2", "gateway")
        raise Conflict("any", "Not this one.")
    second = opened(store, "s3")
    assert second > first
    with store.transaction() as tx:
        tx.execute(streams.delete().where(streams.c.no == second))
    assert opened(store, "s4") > second
    store.close()


def test_a_stream_is_registered_with_the_time_it_opened(store: SqlStore) -> None:
    number = opened(store, "s1")
    with store.transaction() as tx:
        row = tx.execute(select(streams)).one()
    assert row == (number, LOG, "s1", "gateway", NOON_US)
    store.close()


@pytest.mark.parametrize("count", [1, 2, 255, 1000])
def test_rows_come_back_byte_for_byte(store: SqlStore, count: int) -> None:
    leaves = [os.urandom(1 + sq % 4096) + b"\x00\n\t\\" for sq in range(count)]
    with store.transaction() as tx:
        number = store.register(tx, LOG, "s1", "gateway")
        store.append(tx, [(number, sq, leaf) for sq, leaf in enumerate(leaves)])
    with store.transaction() as tx:
        rows = tx.execute(select(entries).order_by(entries.c.sq)).all()
    assert [(no, sq, bytes(leaf)) for no, sq, leaf in rows] == [
        (number, sq, leaf) for sq, leaf in enumerate(leaves)
    ]
    store.close()


def test_large_numbers_are_kept(store: SqlStore) -> None:
    row = (2**62, 2**53, b"leaf")
    with store.transaction() as tx:
        store.append(tx, [row])
    with store.transaction() as tx:
        assert tx.execute(select(entries)).all() == [row]
    store.close()


def test_a_number_cannot_be_taken_twice(store: SqlStore) -> None:
    number = opened(store, "s1", rows=2)
    with pytest.raises(Unavailable) as caught, store.transaction() as tx:
        store.append(tx, [(number, 2, b"new"), (number, 1, b"another")])
    assert caught.value.code == "ledger_unavailable"
    store.reopen()
    assert store.head("s1") == Head(1, b"s1 1")
    store.close()


def test_the_head_of_a_stream_is_its_last_entry(store: SqlStore) -> None:
    opened(store, "s1", rows=12)
    opened(store, "s2", rows=3)
    assert store.head("s1") == Head(11, b"s1 11")
    assert store.head("s2") == Head(2, b"s2 2")
    assert store.head("unknown") is None
    store.close()


def test_the_predecessor_is_the_latest_stream_of_that_role_in_that_log(store: SqlStore) -> None:
    opened(store, "s1", rows=1)
    opened(store, "s2", rows=5)
    opened(store, "s3", writer="cli")
    opened(store, "s4", log="log.example/umbrella")
    with store.transaction() as tx:
        assert store.predecessor(tx, LOG, "gateway") == ("s2", Head(4, b"s2 4"))
        assert store.predecessor(tx, LOG, "cli") == ("s3", Head(0, b"s3 0"))
        assert store.predecessor(tx, LOG, "notary") is None
    store.close()


def test_what_was_not_committed_is_not_there(store: SqlStore) -> None:
    with suppress(KeyError), store.transaction() as tx:
        number = store.register(tx, LOG, "s1", "gateway")
        store.append(tx, [(number, 0, b"leaf")])
        raise KeyError
    assert store.head("s1") is None
    store.close()


def test_a_body_comes_before_its_entry_and_never_without_it(store: SqlStore) -> None:
    number = opened(store, "s1")
    body = {"stream_no": number, "sq": 1, "sealed": b"sealed", "data_key": "dek_1"}
    with store.transaction() as tx:
        tx.execute(insert(bodies).values(body))
        store.append(tx, [(number, 1, b"leaf")])
    with pytest.raises(Unavailable), store.transaction() as tx:
        tx.execute(insert(bodies).values({**body, "sq": 2}))
    store.reopen()
    with store.transaction() as tx:
        assert tx.scalars(select(bodies.c.sq)).all() == [1]
    store.close()


def test_a_store_is_used_again_after_it_was_closed(store: SqlStore) -> None:
    opened(store, "s1")
    store.close()
    assert store.head("s1") == Head(0, b"s1 0")
    store.close()


def test_a_store_that_reopens_gives_up_what_it_had_begun(store: SqlStore) -> None:
    held = store.transaction()
    tx = held.__enter__()
    number = store.register(tx, LOG, "s1", "gateway")
    store.append(tx, [(number, 0, b"leaf")])
    store.reopen()
    assert store.head("s1") is None
    opened(store, "s2")
    store.close()


def test_reopening_ends_the_old_connection_of_postgresql_and_no_other(postgresql_url: str) -> None:
    database, other = open_database(postgresql_url), open_database(postgresql_url)
    store = SqlStore(database, SetClock())
    with other.reading() as connection:
        mine = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        opened(store, "s1")
        for _ in range(3):
            store.reopen()
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() == mine
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        assert connection.exec_driver_sql(count).scalar() == 2
    store.close()
    database.close()
    other.close()
