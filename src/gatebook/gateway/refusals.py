"""Records who was turned away, without letting a caller in a loop fill the book.

The first refusal of its kind has an entry of its own, which the answer names; identical ones are
counted and written as one entry per interval. Callers that nobody knows are counted only.
An entry that was given up is counted anew only if the book says that it will never be made.
"""

import asyncio
from functools import partial
from typing import Final

from msgspec.structs import replace

from gatebook.core.errors import GatebookError, Unavailable
from gatebook.gateway.book import Book, GivenUp
from gatebook.ledger.attempt import Receipt
from gatebook.ledger.events.call import CallRefused
from gatebook.web.tasks import Tasks

_MOST: Final = 10_000
"""Kinds remembered at one time; beyond it each refusal has an entry of its own."""


class _Kind:
    __slots__ = ("count", "reference")

    def __init__(self) -> None:
        self.reference = ""
        self.count = 0


class Refusals:
    """The refusals of the current interval."""

    def __init__(self, book: Book, tasks: Tasks) -> None:
        self._book = book
        self._tasks = tasks
        self._kinds: dict[tuple[str, CallRefused], _Kind] = {}

    async def record(self, log: str, event: CallRefused) -> str:
        """Record or count a refusal; gives the reference of the entry that stands for it.

        Empty when the book cannot take it now: the caller is refused all the same, and the
        refusal is counted and written later.
        """
        kind = self._kinds.get((log, event))
        if kind is not None:
            kind.count += 1
            return kind.reference
        kind = _Kind()
        if len(self._kinds) < _MOST:
            self._kinds[log, event] = kind
        kind.reference = await self._write(log, event, 1) or kind.reference
        return kind.reference

    def count(self, log: str, event: CallRefused, times: int = 1) -> None:
        """Count a refusal, to be written with the next flush."""
        self._kinds.setdefault((log, event), _Kind()).count += times

    async def flush(self) -> None:
        """Write what was counted and begin anew; what is not reached stays counted."""
        for (log, event), kind in list(self._kinds.items()):
            del self._kinds[log, event]
            if kind.count:
                await self._write(log, event, kind.count)

    async def _write(self, log: str, event: CallRefused, times: int) -> str:
        """The reference of an entry for so many; empty, and they are counted, if there is none."""
        # In a task of its own: an entry whose author was cut off is most likely made, and would be
        # in the book twice if it were counted and written by somebody else meanwhile.
        writing = self._record(log, event, times)
        return await asyncio.shield(self._tasks.spawn(writing, "recording refusals"))

    async def _record(self, log: str, event: CallRefused, times: int) -> str:
        reference, is_lost = "", True
        late = partial(self._came_late, log, event, times)
        try:
            receipt = await self._book.record(log, replace(event, count=times), late=late)
            reference, is_lost = receipt.reference, False
        except (GivenUp, asyncio.CancelledError) as error:
            is_lost = False  # what becomes of the entry decides whether they are counted
            if isinstance(error, asyncio.CancelledError):
                raise
        except Unavailable:
            pass  # the agent is refused all the same
        finally:
            if is_lost:
                self.count(log, event, times)
        return reference

    def _came_late(
        self, log: str, event: CallRefused, times: int, answer: Receipt | GatebookError
    ) -> None:
        """An entry that was given up is in the book after all, or will never be: then it counts."""
        if isinstance(answer, GatebookError):
            self.count(log, event, times)
        elif kind := self._kinds.get((log, event)):
            kind.reference = answer.reference
