"""A caller in a loop does not fill the book, and nothing it did is lost."""

from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from gatebook.core.errors import Unavailable
from gatebook.gateway.refusals import Refusals
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events import Event
from gatebook.ledger.events.call import CallRefused
from tests.recorder import LOG, Recorder
from tests.simulators.stores import MemoryStore

if TYPE_CHECKING:
    from gatebook.gateway.book import Book

ONE = replace(CallRefused.example(), count=1)
OTHER = replace(ONE, code="agent_suspended")


class HandBook:
    """Keeps what is recorded, while it is up."""

    def __init__(self) -> None:
        self.is_up = True
        self.events: list[CallRefused] = []

    async def record(self, log: str, event: Event) -> Receipt:
        """Record or refuse."""
        assert log == LOG
        if not self.is_up:
            raise Unavailable("audit_unavailable", "No.")
        self.events.append(cast("CallRefused", event))
        recorder = Recorder(MemoryStore()).start()
        (receipt,) = recorder.receipts(event)
        recorder.close()
        return receipt


def refusals(book: HandBook) -> Refusals:
    return Refusals(cast("Book", book), 60)


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
