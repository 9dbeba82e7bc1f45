"""Each check fails for what it is about, and the book is not held to a failure for ever."""

import asyncio
from typing import NoReturn

import pytest

from gatebook.control.commands.engage_stop import EngageStop
from gatebook.core.errors import Tampered, Unavailable
from gatebook.gateway.gate import Gate
from gatebook.gateway.readiness import checks
from tests.recorder import LOG
from tests.simulators.clock import SetClock
from tests.unit.gateway.test_book import EVENT, HandWriter, answer, opened, receipts, until
from tests.unit.gateway.test_ending import NoOrders, gate
from tests.unit.gateway.test_snapshot import HandSource, snapshots

ALL = {"front": "", "directory": "", "stops": "", "book": "", "notary": ""}


async def record(parts: Gate, writer: HandWriter, *, is_recorded: bool) -> None:
    """Have an entry recorded, or not."""
    writer.drafts.clear()
    recording = asyncio.ensure_future(parts.book.record(LOG, EVENT))
    await until(writer, 1)
    given = receipts() if is_recorded else [Unavailable("disk_full", "No.")]
    answer(writer, *given)
    await asyncio.gather(recording, return_exceptions=True)


async def test_every_check_is_passed_while_all_is_well() -> None:
    clock = SetClock()
    kept = snapshots(HandSource(), clock)
    await kept.refresh()
    async with opened(clock=clock) as (book, _):
        assert checks(gate(book, kept, clock)) == ALL


async def test_a_directory_or_a_notary_that_is_not_heard_of_for_too_long() -> None:
    clock = SetClock()
    kept = snapshots(HandSource(), clock)
    await kept.refresh()
    async with opened(clock=clock) as (book, _):
        parts = gate(book, kept, clock)
        clock.advance(60)
        await parts.stopping.look()
        assert checks(parts) == {**ALL, "directory": "directory_unavailable"}
        await kept.refresh()
        clock.advance(400)
        await kept.refresh()
        await parts.stopping.look()
        assert checks(parts) == {**ALL, "notary": "log_stalled"}


async def test_stops_that_are_not_known_and_not_one_that_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gate that refuses as it was told to is as it should be, and says why to whoever calls."""
    clock = SetClock()
    kept = snapshots(HandSource(), clock)
    await kept.refresh()
    async with opened(clock=clock) as (book, _):
        parts = gate(book, kept, clock)
        clock.advance(60)
        await kept.refresh()
        assert checks(parts) == {**ALL, "stops": "stops_unavailable"}
        await parts.stopping.look()
        assert checks(parts) == ALL
        monkeypatch.setattr(NoOrders, "pending", forged)
        await parts.stopping.look()
        assert checks(parts) == {**ALL, "stops": "stop_unreadable"}
        order = EngageStop(kind="platform", stop="stp_1")
        monkeypatch.setattr(NoOrders, "pending", lambda _: {"stp_1": order})
        await parts.stopping.look()
        assert checks(parts) == ALL


def forged(_: NoOrders) -> NoReturn:
    """As the folder does where an order was changed."""
    raise Tampered("stop_unreadable", "It was changed.")


async def test_a_book_that_failed_is_in_doubt_until_it_writes_or_for_a_while() -> None:
    """Where nobody sends calls to a gate that is not ready, none would find out that it writes."""
    clock = SetClock()
    kept = snapshots(HandSource(), clock)
    await kept.refresh()
    async with opened(clock=clock) as (book, writer):
        parts = gate(book, kept, clock)
        await record(parts, writer, is_recorded=False)
        assert checks(parts) == {**ALL, "book": "disk_full"}
        await record(parts, writer, is_recorded=True)
        assert checks(parts) == ALL
        await record(parts, writer, is_recorded=False)
        clock.advance(9)
        assert checks(parts)["book"] == "disk_full"
        clock.advance(2)
        assert checks(parts) == ALL
