"""Whoever waits for an entry gets its receipt or one plain answer, and is told if it came late."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gatebook.core.clock import Clock, SystemClock
from gatebook.core.errors import GatebookError, Tampered, Unavailable
from gatebook.gateway.book import Announce, Book, GivenUp
from gatebook.ledger.append import Draft
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events.call import CallIntended
from tests.recorder import LOG, Recorder
from tests.simulators.stores import MemoryStore

EVENT = CallIntended.example()


class HandWriter:
    """A writer whose answers the test gives."""

    def __init__(self, announce: Announce) -> None:
        self.announce = announce
        self.drafts: list[Draft[Any]] = []
        self.refuses: Unavailable | None = None
        self.room = 0
        self.is_closed = False

    def start(self) -> None:
        """Nothing to start."""

    def submit(self, drafts: Sequence[Draft[Any]]) -> None:
        """Keep the drafts, if there is room for all of them."""
        if self.refuses is not None and len(self.drafts) + len(drafts) > self.room:
            raise self.refuses
        self.drafts += drafts

    def close(self) -> None:
        """Remember."""
        self.is_closed = True


@asynccontextmanager
async def opened(
    seconds: float = 5, clock: Clock | None = None
) -> AsyncIterator[tuple[Book, HandWriter]]:
    writers: list[HandWriter] = []

    def open_writer(announce: Announce) -> HandWriter:
        writers.append(HandWriter(announce))
        return writers[0]

    book = Book(open_writer, timeout_seconds=seconds, clock=clock or SystemClock())
    yield book, writers[0]
    await book.close()
    assert writers[0].is_closed


def receipts(count: int = 1) -> list[Receipt]:
    """Real ones, made by a real writer."""
    recorder = Recorder(MemoryStore()).start()
    made = recorder.receipts(*[EVENT] * count)
    recorder.close()
    return made


def answer(writer: HandWriter, *answers: Receipt | GatebookError) -> None:
    """From another thread, as a real writer does."""
    outcomes = [(draft.ticket, given) for draft, given in zip(writer.drafts, answers, strict=True)]
    thread = threading.Thread(target=writer.announce, args=(outcomes,))
    thread.start()
    thread.join()


async def until(writer: HandWriter, count: int) -> None:
    while len(writer.drafts) < count:
        await asyncio.sleep(0)


async def test_everybody_gets_their_own_receipt() -> None:
    made = receipts(3)
    async with opened() as (book, writer):
        waiting = [asyncio.ensure_future(book.record(LOG, EVENT)) for _ in made]
        await until(writer, 3)
        answer(writer, *made)
        assert await asyncio.gather(*waiting) == made


async def test_what_is_ready_in_one_turn_is_handed_over_together() -> None:
    async with opened() as (book, writer):
        waiting = [asyncio.ensure_future(book.record(LOG, EVENT)) for _ in range(8)]
        while not writer.drafts:
            await asyncio.sleep(0)
        assert len(writer.drafts) == 8
        answer(writer, *receipts(8))
        await asyncio.gather(*waiting)


@pytest.mark.parametrize("code", ["ledger_unavailable", "notary_unavailable"])
async def test_an_entry_that_was_not_made_is_one_plain_answer(code: str) -> None:
    async with opened() as (book, writer):
        waiting = asyncio.ensure_future(book.record(LOG, EVENT))
        await until(writer, 1)
        answer(writer, Unavailable(code, "No."))
        with pytest.raises(Unavailable) as caught:
            await waiting
        assert caught.value.code == "audit_unavailable"
        assert caught.value.retry_after_seconds == 1
        assert code in caught.value.detail


async def test_a_full_queue_is_the_same_answer() -> None:
    async with opened() as (book, writer):
        writer.refuses = Unavailable("ledger_queue_full", "Full.")
        with pytest.raises(Unavailable, match="ledger_queue_full") as caught:
            await book.record(LOG, EVENT)
        assert caught.value.code == "audit_unavailable"
        book.note(LOG, EVENT)


async def test_of_those_that_come_together_as_many_are_taken_as_there_is_room_for() -> None:
    (receipt,) = receipts()
    async with opened() as (book, writer):
        writer.refuses, writer.room = Unavailable("ledger_queue_full", "Full."), 1
        waiting = [asyncio.ensure_future(book.record(LOG, EVENT)) for _ in range(3)]
        await until(writer, 1)
        answer(writer, receipt)
        first, *others = await asyncio.gather(*waiting, return_exceptions=True)
        assert first is receipt
        assert [isinstance(other, Unavailable) for other in others] == [True, True]


async def test_why_nothing_is_recorded_is_said_once_and_that_it_is_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    (receipt,) = receipts()
    full = Unavailable("ledger_unavailable", "The disk is full.", "Free disk space.")
    forked = Tampered("stream_forked", "Forked.", "Stop this installation.")
    async with opened() as (book, writer):
        for given in (full, full, forked, receipt, receipt):
            waiting = asyncio.ensure_future(book.record(LOG, EVENT))
            await until(writer, 1)
            answer(writer, given)
            await asyncio.gather(waiting, return_exceptions=True)
            writer.drafts.clear()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        f"entries are not recorded: ledger_unavailable: {full}",
        f"entries are not recorded: stream_forked: {forked}",
        "entries are recorded again",
    ]


async def test_an_entry_given_up_is_told_when_it_becomes_durable_after_all() -> None:
    late: list[Receipt | GatebookError] = []
    (receipt,) = receipts()
    async with opened(seconds=0.05) as (book, writer):
        with pytest.raises(Unavailable, match="ledger_slow"):
            await book.record(LOG, EVENT, late=late.append)
        answer(writer, receipt)
        await asyncio.sleep(0.01)
        assert late == [receipt]


async def test_of_an_entry_given_up_that_is_never_made_that_is_told() -> None:
    late: list[Receipt | GatebookError] = []
    lost = Unavailable("ledger_unavailable", "No.")
    async with opened(seconds=0.05) as (book, writer):
        with pytest.raises(GivenUp, match="ledger_slow"):
            await book.record(LOG, EVENT, late=late.append)
        answer(writer, lost)
        await asyncio.sleep(0.01)
        assert late == [lost]


async def test_an_entry_whose_author_was_cancelled_is_told_too() -> None:
    late: list[Receipt | GatebookError] = []
    (receipt,) = receipts()
    async with opened() as (book, writer):
        waiting = asyncio.ensure_future(book.record(LOG, EVENT, late=late.append))
        await until(writer, 1)
        waiting.cancel()
        await asyncio.sleep(0)
        answer(writer, receipt)
        await asyncio.sleep(0.01)
        assert late == [receipt]


async def test_each_waits_its_own_time() -> None:
    async with opened(seconds=0.2) as (book, writer):
        first = asyncio.ensure_future(book.record(LOG, EVENT))
        await asyncio.sleep(0.15)
        second = asyncio.ensure_future(book.record(LOG, EVENT))
        with pytest.raises(Unavailable):
            await first
        assert not second.done()
        with pytest.raises(Unavailable):
            await second
        assert len(writer.drafts) == 2
