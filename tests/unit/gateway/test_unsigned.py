"""No entry of ours waits longer than the limit for its signature while calls are taken."""

import pytest

from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Unavailable
from gatebook.gateway.unsigned import Unsigned
from gatebook.ledger.settings import LedgerSettings
from tests.simulators.clock import SetClock

LIMIT = 100
S1, S2 = ("log.example/acme", "s1"), ("log.example/acme", "s2")


class Desk:
    """A writer and a notary in one hand, and the clock that both are measured by."""

    def __init__(self, stall_seconds: int = LIMIT) -> None:
        self.clock = SetClock()
        self.fresh: dict[tuple[str, str], int] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self.asked = 0
        self.asked_for: list[tuple[str, str]] = []
        self.silent: set[tuple[str, str]] = set()
        self.is_up = True
        settings = LedgerSettings(stall_seconds=stall_seconds)
        self.unsigned = Unsigned(self.committed, self.reach, settings=settings, clock=self.clock)

    def committed(self) -> dict[tuple[str, str], int]:
        """What was committed since this was last asked."""
        told, self.fresh = self.fresh, {}
        return told

    def reach(self, log: str, sid: str) -> int:
        """How many entries of a stream are signed."""
        self.asked += 1
        self.asked_for.append((log, sid))
        if not self.is_up or (log, sid) in self.silent:
            raise Unavailable("notary_unavailable", "No.")
        return self.counts.get((log, sid), 0)

    async def wait(self, seconds: int) -> None:
        """Let time pass, with a look every second; the notary may be away."""
        for _ in range(seconds):
            self.clock.advance(1)
            try:
                await self.unsigned.look()
            except Unavailable:
                assert self.silent or not self.is_up

    def refuses(self) -> bool:
        """Whether calls are refused now."""
        try:
            self.unsigned.check(self.clock.monotonic_us())
        except Unavailable:
            return True
        return False


async def test_calls_are_refused_once_an_entry_has_waited_too_long_until_it_is_signed() -> None:
    desk = Desk()
    desk.fresh = {S1: 0}
    await desk.wait(LIMIT)
    assert not desk.refuses()
    await desk.wait(1)
    with pytest.raises(Unavailable, match="wait too long") as caught:
        desk.unsigned.check(desk.clock.monotonic_us())
    assert (caught.value.code, caught.value.retry_after_seconds) == ("log_stalled", 1)
    desk.counts = {S1: 1}
    await desk.wait(1)
    assert not desk.refuses()


@pytest.mark.parametrize("limit", [LIMIT, 300, 3600])
async def test_a_log_that_goes_on_is_seldom_asked_for_and_never_looks_old(limit: int) -> None:
    """The alert that is delivered fires at a minute, whatever the limit is."""
    desk = Desk(limit)
    for sq in range(1000):
        desk.fresh, desk.counts = {S1: sq}, {S1: sq}
        await desk.wait(1)
        assert desk.unsigned.age_us <= 15 * SECOND_US
    assert desk.asked < 200


async def test_where_nothing_was_committed_nobody_is_asked_and_nothing_waits() -> None:
    desk = Desk()
    await desk.wait(3 * LIMIT)
    assert (desk.asked, desk.refuses()) == (0, False)


async def test_the_oldest_entry_counts_however_many_are_signed_elsewhere_or_come_behind() -> None:
    desk = Desk()
    desk.fresh = {S1: 9}
    await desk.wait(1)
    for sq in range(LIMIT):
        desk.fresh, desk.counts = {S1: 10 + sq, S2: sq}, {S1: 9, S2: sq + 1}
        await desk.wait(1)
    assert desk.refuses()


async def test_entries_signed_in_part_leave_the_rest_waiting_from_when_they_came() -> None:
    desk = Desk()
    desk.fresh = {S1: 9}
    await desk.wait(LIMIT // 2)
    desk.fresh, desk.counts = {S1: 19}, {S1: 10}
    await desk.wait(LIMIT)
    assert not desk.refuses()
    await desk.wait(1)
    assert desk.refuses()


async def test_no_entry_is_taken_for_younger_than_it_is() -> None:
    """Entries wait together with those before them, and may be refused for sooner than alone."""
    desk = Desk()
    await desk.wait(1)
    desk.clock.advance(7)  # no look in between
    desk.fresh = {S1: 0}
    await desk.wait(LIMIT - 7)
    assert not desk.refuses()
    await desk.wait(1)
    assert desk.refuses()


async def test_a_notary_that_does_not_answer_is_no_reason_to_go_on() -> None:
    desk = Desk()
    desk.fresh = {S1: 0}
    desk.counts = {S1: 1}
    desk.is_up = False
    await desk.wait(LIMIT + 1)
    assert desk.refuses()
    desk.is_up = True
    await desk.wait(1)
    assert not desk.refuses()


async def test_without_a_look_calls_are_refused_too() -> None:
    """Whatever keeps us from looking, nobody knows then how far the log is signed."""
    desk = Desk()
    await desk.wait(1)
    desk.clock.advance(LIMIT)
    assert not desk.refuses()
    desk.clock.advance(1)
    assert desk.refuses()


async def test_that_calls_are_refused_is_said_once_and_that_they_are_taken_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    desk = Desk()
    desk.fresh = {S1: 0}
    desk.is_up = False
    await desk.wait(LIMIT + 5)
    assert desk.refuses()
    desk.is_up, desk.counts = True, {S1: 1}
    await desk.wait(2)
    assert not desk.refuses()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "calls are refused: entries wait too long to be signed",
        "calls are taken again",
    ]


async def test_one_log_that_cannot_be_asked_about_takes_nothing_from_what_others_said() -> None:
    desk = Desk()
    desk.fresh = {S1: 0, S2: 0}
    desk.counts = {S1: 1}
    desk.silent = {S2}
    await desk.wait(LIMIT // 2 + 5)
    assert desk.asked_for.count(S1) == 1
    desk.silent, desk.counts = set(), {S1: 1, S2: 1}
    await desk.wait(2)
    assert not desk.refuses()
