"""Entries are found by their reference, and what belongs to them by what it holds."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from gatebook.core.clock import to_text
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.entry import ZERO_PREV, Pen
from gatebook.ledger.events.stream import Predecessor, StreamBeat, StreamOpened
from gatebook.storage import lookup
from gatebook.storage.database import Database
from gatebook.storage.lookup import Lookup
from gatebook.storage.tables import entries, streams
from tests.simulators.clock import NOON_US

LOG = "log.example/acme"
NEVER = "9999"


def write(database: Database, sid: str, counts: list[str], *, writer: str, after: str = "") -> None:
    """A stream of beats that count something of these names, one a second."""
    before = Predecessor(sid=after, sq=len(counts), leaf="") if after else None
    opened = StreamOpened(writer=writer, certificate="", boot="", version="", predecessor=before)
    pen = Pen(sid, SigningKey(bytes(range(32))))
    with database.writing() as connection:
        row = {"log": LOG, "sid": sid, "writer": writer, "opened_at": 0}
        number = connection.execute(
            insert(streams).values(row).returning(streams.c.no)
        ).scalar_one()
        events = [opened, *(StreamBeat(counts={count: 1}) for count in counts)]
        for sq, event in enumerate(events):
            leaf = pen.write(event, sq, ZERO_PREV, NOON_US + sq * 1_000_000)
            connection.execute(insert(entries).values(stream_no=number, sq=sq, leaf=leaf))


@pytest.fixture
def found(database: Database) -> Iterator[Lookup]:
    """Two gateways, one of which began a second stream, and somebody else."""
    write(database, "one", ["a", "b", "a"], writer="eu-1")
    write(database, "other", ["a", "a"], writer="eu-1")
    write(database, "two", ["a"], writer="eu-1", after="one")
    write(database, "cli", ["a", "b"], writer="cli", after="one")
    with database.reading() as connection:
        yield Lookup(connection)


def behind(found: Lookup, reference: str, holding: bytes, until: str = NEVER) -> list[str]:
    sid, _, sq = reference.partition(".")
    entry = found.entry(sid, int(sq))
    assert entry is not None
    return [each.reference for each in found.behind(entry, holding, until)]


def test_an_entry_is_found_by_its_reference(found: Lookup) -> None:
    entry = found.entry("one", 2)
    assert entry is not None
    assert (entry.log, entry.reference, entry.entry.ev) == (LOG, "one.2", "stream.beaten")
    assert found.entry("one", 4) is None
    assert found.entry("none", 0) is None


def test_what_follows_is_in_the_stream_or_in_its_writers_next_one(
    found: Lookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are read at once."""
    for at_once in (1, 2, 1000):
        monkeypatch.setattr(lookup, "_AT_ONCE", at_once)
        assert behind(found, "one.0", b'"a"') == ["one.1", "one.3", "two.1"]
        assert behind(found, "one.1", b'"a"') == ["one.3", "two.1"]
        assert behind(found, "other.0", b'"b"') == []


def test_nothing_is_read_far_behind_the_time_given(
    found: Lookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "_AT_ONCE", 1)
    assert behind(found, "one.0", b'"a"', to_text(NOON_US + 1_500_000)) == ["one.1", "two.1"]


def test_the_entries_of_one_writer_are_those_of_its_streams_alone(found: Lookup) -> None:
    assert [each.reference for each in found.of_writer(LOG, "cli", b'"b"')] == ["cli.2"]
    named = [each.reference for each in found.of_writer(LOG, "eu-1", b'"a"')]
    assert named == ["one.1", "one.3", "other.1", "other.2", "two.1"]
    assert list(found.of_writer("log.example/other", "cli", b'"b"')) == []
