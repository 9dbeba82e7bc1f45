"""Records who was turned away, without letting a caller in a loop fill the book.

The first refusal of its kind has an entry of its own, which the answer names; identical ones are
counted and written as one entry per interval. Callers that nobody knows are counted only.
"""

import asyncio
from typing import Final

from msgspec.structs import replace

from gatebook.core.errors import Unavailable
from gatebook.gateway.book import Book
from gatebook.ledger.events.call import CallRefused

_MOST: Final = 10_000
"""Kinds remembered at one time; beyond it each refusal has an entry of its own."""


class _Kind:
    __slots__ = ("count", "reference")

    def __init__(self) -> None:
        self.reference = ""
        self.count = 0


class Refusals:
    """The refusals of the current interval."""

    def __init__(self, book: Book, interval_seconds: float) -> None:
        self._book = book
        self._interval_seconds = interval_seconds
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
        try:
            receipt = await self._book.record(log, event)
        except Unavailable:
            self.count(log, event)
        else:
            kind.reference = receipt.reference
        return kind.reference

    def count(self, log: str, event: CallRefused, times: int = 1) -> None:
        """Count a refusal, to be written with the next flush."""
        self._kinds.setdefault((log, event), _Kind()).count += times

    async def flush(self) -> None:
        """Write what was counted and begin anew."""
        kinds, self._kinds = self._kinds, {}
        for (log, event), kind in kinds.items():
            if kind.count:
                await self._write(log, event, kind.count)

    async def follow(self) -> None:
        """Flush at every interval, for ever."""
        while True:
            await asyncio.sleep(self._interval_seconds)
            await self.flush()

    async def _write(self, log: str, event: CallRefused, count: int) -> None:
        try:
            await self._book.record(log, replace(event, count=count))
        except Unavailable:
            self.count(log, event, count)
