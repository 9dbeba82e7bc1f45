"""Writers keep out of each other's streams; whoever does not is found out."""

import pytest
from sqlalchemy import func, insert, select

from gatebook.core.errors import GatebookError, Tampered
from gatebook.ledger.events.call import CallRefused
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database, open_database
from gatebook.storage.tables import entries, streams
from tests.books import read_book
from tests.recorder import EVENT, Recorder
from tests.simulators.clock import SetClock

OTHER_LOG = "log.example/umbrella"
THIRD_LOG = "log.example/platform"


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


@pytest.mark.parametrize("age_hours", [0, 13, 30])
def test_a_database_put_back_under_a_running_writer_is_not_written_on(
    database: Database, age_hours: int
) -> None:
    """Every connection stays up and no commit fails; whether or not a successor is due."""
    clock = SetClock()
    recorder = Recorder(SqlStore(database, clock), clock=clock).start()
    recorder.receipts(log=OTHER_LOG)
    [kept] = recorder.receipts()
    recorder.receipts(*[EVENT] * 3)
    with database.writing() as connection:
        mine = select(streams.c.no).where(streams.c.sid == kept.sid).scalar_subquery()
        newer = (entries.c.stream_no == mine) & (entries.c.sq > kept.sq)
        connection.execute(entries.delete().where(newer))
    before = count(database)
    clock.advance(age_hours * 3600)
    outcomes = recorder.record() + recorder.record(log=OTHER_LOG) + recorder.record(log=THIRD_LOG)
    recorder.close()
    assert [getattr(outcome, "code", None) for outcome in outcomes] == ["stream_forked"] * 3
    assert count(database) == before


def test_an_entry_replaced_under_a_running_writer_is_not_chained_to(database: Database) -> None:
    recorder = Recorder(SqlStore(database, SetClock())).start()
    [receipt] = recorder.receipts()
    with database.writing() as connection:
        last = entries.c.sq == receipt.sq
        connection.execute(entries.update().where(last).values(leaf=b"another"))
    before = count(database)
    [found_out] = recorder.record()
    recorder.close()
    assert isinstance(found_out, Tampered)
    assert count(database) == before
