"""Writers keep out of each other's streams; whoever does not is found out."""

import pytest
from sqlalchemy import Connection, func, insert, select

from gatebook.core.errors import GatebookError, Tampered
from gatebook.ledger.events.call import CallRefused
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database, open_database
from gatebook.storage.tables import entries, streams
from tests.books import read_book
from tests.recorder import EVENT, Recorder
from tests.simulators.clock import SetClock

OTHER_LOG = "log.example/umbrella"


def test_writers_of_one_log_at_once_have_a_stream_each(database_url: str) -> None:
    databases = [open_database(database_url) for _ in range(3)]
    recorders = [Recorder(SqlStore(each, SetClock())).start() for each in databases]
    waiting = [
        (recorder, [recorder.submit() for _ in range(40)])
        for _ in range(5)
        for recorder in recorders
    ]
    receipts = [receipt for recorder, tickets in waiting for receipt in recorder.wait(tickets)]
    for recorder in recorders:
        recorder.close()
    book = read_book(databases[0])
    assert len(book) == 3
    assert all(len(kept) == 1 + 200 + 1 for kept in book.values())
    assert not [receipt for receipt in receipts if isinstance(receipt, GatebookError)]
    for database in databases:
        database.close()


def take_number(database: Database, sid: str, ahead: int) -> None:
    """Write into a stream that somebody else owns, as its next entry or a later one."""
    mine = select(streams.c.no).where(streams.c.sid == sid).scalar_subquery()
    last = select(func.max(entries.c.sq)).where(entries.c.stream_no == mine)
    with database.writing() as connection:
        row = {"stream_no": connection.scalar(select(mine)), "leaf": b"forged"}
        connection.execute(insert(entries).values({**row, "sq": connection.scalar(last) + ahead}))


def count(database: Database) -> int:
    """How many entries there are."""
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(entries)) or 0


@pytest.mark.parametrize("ahead", [1, 2])
def test_an_entry_that_its_only_writer_did_not_write_stops_the_writer(
    database: Database, ahead: int
) -> None:
    recorder = Recorder(SqlStore(database, SetClock())).start()
    recorder.receipts(log=OTHER_LOG)
    [receipt] = recorder.receipts()
    take_number(database, receipt.sid, ahead)
    [found_out] = recorder.record(*[EVENT] * ahead)[-1:]
    before = count(database)
    after = recorder.record() + recorder.record(CallRefused.example(), log=OTHER_LOG)
    recorder.close()
    for outcome in (found_out, *after):
        assert isinstance(outcome, Tampered)
        assert outcome.code == "stream_forked"
    assert count(database) == before


def test_entries_that_vanish_stop_the_writer_at_its_next_doubt(database: Database) -> None:
    """It connected again, and to an older copy of its database."""
    store = SqlStore(database, SetClock())
    recorder = Recorder(store).start()
    [receipt] = recorder.receipts()
    with database.writing() as connection:
        connection.execute(entries.delete().where(entries.c.sq == receipt.sq))

    def failing(tx: Connection, _at: object) -> CallRefused:
        tx.exec_driver_sql("SELECT * FROM no_such_table")
        return CallRefused.example()

    [found_out] = recorder.record(failing)
    recorder.close()
    assert isinstance(found_out, Tampered)
