"""Following what is committed: nothing twice, nothing left out, whatever the order of streams."""

from sqlalchemy import insert

from gatebook.storage.database import Database
from gatebook.storage.recent import Committed, newest, since
from gatebook.storage.tables import entries, streams


def open_stream(database: Database, no: int, log: str = "log.example/acme") -> None:
    with database.writing() as connection:
        connection.execute(
            insert(streams).values(no=no, log=log, sid=f"s{no}", writer="cli", opened_at=0)
        )


def write(database: Database, no: int, *numbers: int) -> None:
    rows = [{"stream_no": no, "sq": sq, "leaf": f"{no}.{sq}".encode()} for sq in numbers]
    with database.writing() as connection:
        connection.execute(insert(entries), rows)


def named(found: list[Committed]) -> list[str]:
    return [each.leaf.decode() for each in found]


def test_the_newest_of_each_stream_come_in_order(database: Database) -> None:
    for no in (1, 2):
        open_stream(database, no)
        write(database, no, *range(5))
    assert named(newest(database, None, 2)) == ["1.3", "1.4", "2.3", "2.4"]


def test_one_log_can_be_chosen(database: Database) -> None:
    open_stream(database, 1)
    open_stream(database, 2, "log.example/other")
    write(database, 1, 0)
    write(database, 2, 0)
    assert named(newest(database, "log.example/other", 5)) == ["2.0"]
    assert named(since(database, "log.example/other", {}, ())) == ["2.0"]


def test_what_was_seen_does_not_come_again(database: Database) -> None:
    open_stream(database, 1)
    write(database, 1, 0, 1, 2)
    assert named(since(database, None, {1: 1}, ())) == ["1.2"]
    assert named(since(database, None, {}, {1})) == []


def test_a_stream_that_commits_after_a_younger_one_is_not_missed(database: Database) -> None:
    """On PostgreSQL numbers are given before a transaction commits."""
    for no in (6, 5):
        open_stream(database, no)
        write(database, no, 0)
    assert named(since(database, None, {6: 0}, ())) == ["5.0"]
    assert named(since(database, None, {}, {6})) == ["5.0"]
