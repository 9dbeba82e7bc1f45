"""Runs, tree sizes and entries by index, on both databases."""

from collections.abc import Sequence

import pytest
from sqlalchemy import delete, insert, select

from gatebook.core.errors import Conflict, Tampered
from gatebook.ledger.integrate import Pending, Row, Run
from gatebook.storage.database import Database
from gatebook.storage.sequence import Cursor, Known, Sequencer, Tree
from gatebook.storage.tables import entries, runs, streams

LOG, OTHER = "log.example/acme", "log.example/other"


def leaf(no: int, sq: int) -> bytes:
    """What stands for an entry."""
    return b"%d.%d" % (no, sq)


def fill(database: Database, no: int, count: int, log: str = LOG, writer: str = "gateway") -> None:
    """A stream with that many entries."""
    rows = [{"stream_no": no, "sq": sq, "leaf": leaf(no, sq)} for sq in range(count)]
    with database.writing() as connection:
        stream = {"no": no, "log": log, "sid": f"s{no}", "writer": writer, "opened_at": 0}
        connection.execute(insert(streams).values(stream))
        connection.execute(insert(entries), rows)


@pytest.fixture
def sequencer(database: Database) -> Sequencer:
    """Three streams in one log and one in another."""
    for no, count in ((1, 5), (2, 3), (3, 4)):
        fill(database, no, count)
    fill(database, 4, 2, OTHER)
    return Sequencer(database)


def rows(no: int, numbers: Sequence[int]) -> list[Row]:
    """Rows of a stream."""
    return [Row(sq, leaf(no, sq)) for sq in numbers]


def test_every_log_with_a_stream_is_known(sequencer: Sequencer) -> None:
    assert sorted(sequencer.logs()) == [LOG, OTHER]


def test_a_log_without_indices_is_empty(sequencer: Sequencer) -> None:
    assert sequencer.tree(LOG) == Tree(0, 0)
    assert sequencer.known(LOG) == []


def test_streams_are_found_and_their_entries_come_in_order(sequencer: Sequencer) -> None:
    assert sequencer.pending(LOG, {}, (), 100) == [
        Pending(1, "s1", rows(1, range(5))),
        Pending(2, "s2", rows(2, range(3))),
        Pending(3, "s3", rows(3, range(4))),
    ]


def test_known_streams_go_on_at_their_cursor_and_ended_ones_are_left_out(
    sequencer: Sequencer,
) -> None:
    found = sequencer.pending(LOG, {1: Cursor("s1", 4)}, {3}, 100)
    assert found == [Pending(1, "s1", rows(1, [4])), Pending(2, "s2", rows(2, range(3)))]


def test_no_more_than_the_limit_is_read_in_all(sequencer: Sequencer) -> None:
    assert sequencer.pending(LOG, {}, (), 6) == [
        Pending(1, "s1", rows(1, range(5))),
        Pending(2, "s2", rows(2, [0])),
    ]
    assert sequencer.pending(LOG, {}, (), 5) == [Pending(1, "s1", rows(1, range(5)))]


def test_a_stream_that_is_held_back_takes_no_room_from_others(sequencer: Sequencer) -> None:
    found = sequencer.pending(LOG, {1: Cursor("s1", 0, is_held=True)}, (), 3)
    assert found == [Pending(1, "s1", rows(1, range(3))), Pending(2, "s2", rows(2, range(3)))]


def test_runs_give_indices_and_entries_are_found_by_them(sequencer: Sequencer) -> None:
    assert sequencer.commit(LOG, 0, [Run(0, 1, 0, 3), Run(3, 2, 0, 3), Run(6, 1, 3, 2)]) == 8
    assert sequencer.tree(LOG) == Tree(8, 0)
    in_order = [leaf(1, 0), leaf(1, 1), leaf(1, 2), leaf(2, 0), leaf(2, 1), leaf(2, 2)]
    in_order += [leaf(1, 3), leaf(1, 4)]
    for start in range(9):
        for end in range(start, 9):
            assert sequencer.leaves(LOG, start, end) == in_order[start:end]
    assert sequencer.locate("s1", 4) == (LOG, 7)
    assert sequencer.locate("s2", 0) == (LOG, 3)
    assert sequencer.locate("s3", 0) is None


def test_a_run_that_continues_the_last_one_lengthens_it(
    sequencer: Sequencer, database: Database
) -> None:
    sequencer.commit(LOG, 0, [Run(0, 1, 0, 2)])
    sequencer.commit(LOG, 2, [Run(2, 1, 2, 3), Run(5, 2, 0, 1)])
    sequencer.commit(LOG, 6, [Run(6, 3, 0, 1)])
    with database.reading() as connection:
        found = connection.execute(
            select(runs.c.start, runs.c.stream_no, runs.c.first_sq, runs.c.count).order_by(
                runs.c.start
            )
        ).all()
    assert [tuple(row) for row in found] == [(0, 1, 0, 5), (5, 2, 0, 1), (6, 3, 0, 1)]


def test_whoever_is_behind_gives_no_index(sequencer: Sequencer) -> None:
    sequencer.commit(LOG, 0, [Run(0, 1, 0, 2)])
    with pytest.raises(Conflict):
        sequencer.commit(LOG, 0, [Run(0, 2, 0, 3)])
    with pytest.raises(Conflict):
        sequencer.commit(LOG, 1, [Run(1, 2, 0, 3)])
    assert sequencer.tree(LOG).size == 2
    assert sequencer.locate("s2", 0) is None


def test_known_streams_are_told_with_their_last_entry_that_has_an_index(
    sequencer: Sequencer,
) -> None:
    sequencer.commit(LOG, 0, [Run(0, 2, 0, 1), Run(1, 1, 0, 2), Run(3, 2, 1, 1)])
    assert sequencer.known(LOG) == [
        Known(1, "s1", Row(1, leaf(1, 1))),
        Known(2, "s2", Row(1, leaf(2, 1))),
    ]
    assert sequencer.opening(2) == leaf(2, 0)


def test_logs_are_numbered_apart(sequencer: Sequencer) -> None:
    sequencer.commit(LOG, 0, [Run(0, 1, 0, 5)])
    sequencer.commit(OTHER, 0, [Run(0, 4, 0, 2)])
    assert sequencer.leaves(OTHER, 0, 2) == [leaf(4, 0), leaf(4, 1)]
    assert sequencer.tree(OTHER) == Tree(2, 0)


def test_publishing_is_noted_down_and_never_goes_back(sequencer: Sequencer) -> None:
    sequencer.commit(LOG, 0, [Run(0, 1, 0, 5)])
    sequencer.publish(LOG, 4, 1)
    sequencer.publish(LOG, 3, 2)
    assert sequencer.tree(LOG) == Tree(5, 4)


def test_an_entry_with_an_index_that_is_gone_is_tampering(
    sequencer: Sequencer, database: Database
) -> None:
    sequencer.commit(LOG, 0, [Run(0, 1, 0, 5)])
    with database.writing() as connection:
        connection.execute(delete(entries).where(entries.c.sq == 0))
    with pytest.raises(Tampered):
        sequencer.leaves(LOG, 0, 5)
    with pytest.raises(Tampered):
        sequencer.opening(1)


def test_declarations_are_operators_entries_that_have_an_index(
    sequencer: Sequencer, database: Database
) -> None:
    fill(database, 7, 3, writer="cli")
    sequencer.commit(LOG, 0, [Run(0, 7, 0, 2), Run(2, 1, 0, 5)])
    assert sequencer.declarations(LOG, b".1") == [leaf(7, 1)]
    assert sequencer.declarations(LOG, b"7.") == [leaf(7, 0), leaf(7, 1)]
    assert sequencer.declarations(OTHER, b"") == []
