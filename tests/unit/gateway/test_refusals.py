"""A caller in a loop does not fill the book, and what it did is neither lost nor told twice."""

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Unavailable
from gatebook.gateway.refusals import Refusals
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events import Event
from gatebook.ledger.events.call import CallRefused
from gatebook.web.tasks import Tasks
from tests.recorder import LOG, Recorder
from tests.simulators.stores import MemoryStore
from tests.unit.gateway.test_book import HandWriter, answer, opened, receipts, until

if TYPE_CHECKING:
    from gatebook.gateway.book import Book, Late

ONE = replace(CallRefused.example(), count=1)
OTHER = replace(ONE, code="agent_suspended")


class HandBook:
    """Keeps what is recorded, while it is up."""

    def __init__(self) -> None:
        self.is_up = True
        self.is_broken = False
        self.events: list[CallRefused] = []

    async def record(self, log: str, event: Event, late: "Late") -> Receipt:
        """Record or refuse."""
        assert log == LOG
        assert callable(late)
        if self.is_broken:
            raise ValueError("broken")
        if not self.is_up:
            raise Unavailable("audit_unavailable", "No.")
        self.events.append(cast("CallRefused", event))
        recorder = Recorder(MemoryStore()).start()
        (receipt,) = recorder.receipts(event)
        recorder.close()
        return receipt


def refusals(book: "HandBook | Book") -> Refusals:
    return Refusals(cast("Book", book), Tasks())


def counts(writer: HandWriter) -> list[int]:
    """How many refusals each entry that was handed to the writer stands for."""
    return [cast("CallRefused", draft.event).count for draft in writer.drafts]


async def test_the_first_of_a_kind_has_an_entry_that_stands_for_the_others() -> None:
    book = HandBook()
    kept = refusals(book)
    references = {await kept.record(LOG, ONE) for _ in range(5)}
    assert book.events == [ONE]
    assert len(references) == 1
    assert references.pop().startswith("s")


async def test_another_kind_has_its_own_entry() -> None:
    book = HandBook()
    kept = refusals(book)
    await kept.record(LOG, ONE)
    await kept.record(LOG, OTHER)
    assert book.events == [ONE, OTHER]


async def test_the_others_are_written_as_one_at_the_end_of_the_interval() -> None:
    book = HandBook()
    kept = refusals(book)
    for _ in range(5):
        await kept.record(LOG, ONE)
    await kept.flush()
    assert book.events == [ONE, replace(ONE, count=4)]
    await kept.flush()
    assert len(book.events) == 2


async def test_a_new_interval_begins_with_an_entry_of_its_own() -> None:
    book = HandBook()
    kept = refusals(book)
    await kept.record(LOG, ONE)
    await kept.flush()
    await kept.record(LOG, ONE)
    assert book.events == [ONE, ONE]


async def test_what_the_book_could_not_take_is_written_once_it_can() -> None:
    book = HandBook()
    kept = refusals(book)
    book.is_up = False
    assert await kept.record(LOG, ONE) == ""
    assert await kept.record(LOG, ONE) == ""
    kept.count(LOG, OTHER)
    await kept.flush()
    assert book.events == []
    book.is_up = True
    await kept.flush()
    assert book.events == [replace(ONE, count=2), OTHER]


async def test_a_flush_that_fails_loses_nothing() -> None:
    book = HandBook()
    kept = refusals(book)
    kept.count(LOG, ONE, 3)
    kept.count(LOG, OTHER, 2)
    book.is_broken = True
    with pytest.raises(ValueError, match="broken"):
        await kept.flush()
    book.is_broken = False
    await kept.flush()
    assert book.events == [replace(OTHER, count=2), replace(ONE, count=3)]


@pytest.mark.parametrize("is_made", [True, False])
async def test_a_flush_that_is_cut_off_leaves_the_rest_and_what_was_not_made(is_made: bool) -> None:
    async with opened() as (book, writer):
        kept = refusals(book)
        kept.count(LOG, ONE, 3)
        kept.count(LOG, OTHER, 2)
        flush = asyncio.ensure_future(kept.flush())
        await until(writer, 1)
        flush.cancel()
        with pytest.raises(asyncio.CancelledError):
            await flush
        answer(writer, receipts()[0] if is_made else Unavailable("ledger_unavailable", "No."))
        await asyncio.sleep(0.01)
        flush = asyncio.ensure_future(kept.flush())
        await until(writer, 2)
        assert counts(writer) == [3, 2]
        del writer.drafts[0]
        answer(writer, *receipts())
        if not is_made:
            await until(writer, 2)
            assert counts(writer) == [2, 3]
            del writer.drafts[0]
            answer(writer, *receipts())
        await flush


async def test_an_agent_that_leaves_while_its_refusal_is_recorded_is_not_counted_again() -> None:
    async with opened() as (book, writer):
        kept = refusals(book)
        asked = asyncio.ensure_future(kept.record(LOG, ONE))
        await until(writer, 1)
        asked.cancel()
        answer(writer, *receipts())
        await asyncio.sleep(0.01)
        await kept.flush()
        assert counts(writer) == [1]


async def test_an_entry_that_was_given_up_and_is_durable_takes_back_what_it_stands_for() -> None:
    (receipt,) = receipts()
    async with opened(seconds=0.05) as (book, writer):
        kept = refusals(book)
        assert await kept.record(LOG, ONE) == ""
        answer(writer, receipt)
        await asyncio.sleep(0.01)
        await kept.flush()
        assert counts(writer) == [1]


async def test_an_entry_that_came_late_stands_for_the_refusals_after_it() -> None:
    (receipt,) = receipts()
    async with opened(seconds=0.05) as (book, writer):
        kept = refusals(book)
        await kept.record(LOG, ONE)
        answer(writer, receipt)
        await asyncio.sleep(0.01)
        assert await kept.record(LOG, ONE) == receipt.reference


async def test_a_count_that_was_given_up_and_is_durable_is_not_written_again() -> None:
    async with opened(seconds=0.05) as (book, writer):
        kept = refusals(book)
        kept.count(LOG, ONE, 4)
        await kept.flush()
        answer(writer, *receipts())
        await asyncio.sleep(0.01)
        await kept.flush()
        assert counts(writer) == [4]


async def test_a_count_whose_fate_is_open_is_not_written_again_until_it_is_known() -> None:
    """Not one flush more or less changes what the book says in the end."""
    async with opened(seconds=0.05) as (book, writer):
        kept = refusals(book)
        kept.count(LOG, ONE, 2)
        for _ in range(3):
            await kept.flush()
        assert counts(writer) == [2]
        answer(writer, Unavailable("ledger_unavailable", "No."))
        await asyncio.sleep(0.01)
        again = asyncio.ensure_future(kept.flush())
        await until(writer, 2)
        assert counts(writer) == [2, 2]
        del writer.drafts[0]
        answer(writer, *receipts())
        await again
        await kept.flush()
        assert counts(writer) == [2]
