"""One gateway among others: it hears of changes as they happen, and tells that it lives.

What it tells is for people (`gatebook status`): no call waits for it, and none is decided by it.
"""

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, Literal

from gatebook import __version__
from gatebook.app.followers import Step
from gatebook.core.errors import Unavailable
from gatebook.gateway.snapshot import Snapshots
from gatebook.storage import gateways
from gatebook.storage.database import Database
from gatebook.storage.seat import Seat


class Presence:
    """Lives on one event loop; the seat has to be taken."""

    def __init__(self, database: Database, seat: Seat, number: int, address: str) -> None:
        """`number` is what it has here, where `seat` has a name that nobody has anywhere."""
        self.name = seat.name
        self.number = number
        self.heard: Final = asyncio.Event()
        """Set when the directory may have changed."""
        self._database = database
        self._seat = seat
        self._address = address
        self.news: Final = asyncio.Event()
        """Set when there is something to tell before it is time to."""
        self._revision = 0
        self._status: Literal["serving", "draining"] = "serving"
        self._has_told = False
        self._ear = ThreadPoolExecutor(1, thread_name_prefix="ear")

    def steps(self, snapshots: Snapshots, poll_seconds: float) -> dict[str, Step]:
        """What is done beside the gate; `snapshots` are kept up to date by the word of others."""

        async def look() -> None:
            await snapshots.refresh()
            self.decides_on(snapshots.revision)

        return {
            "hearing of administrative changes": Step(self.listen, 0),
            "looking for administrative changes": Step(look, poll_seconds, self.heard),
            "telling that it lives": Step(self.tell, gateways.BEAT_SECONDS, self.news),
        }

    def drain(self) -> None:
        """It takes no more calls."""
        self._status = "draining"
        self.news.set()

    def decides_on(self, revision: int) -> None:
        """Its calls are decided on this revision."""
        if revision != self._revision:
            self._revision = revision
            self.news.set()

    async def listen(self) -> None:
        """Wait for a change; raises Unavailable or Conflict (see Seat.wait)."""
        await asyncio.get_running_loop().run_in_executor(self._ear, self._seat.wait)
        self.heard.set()

    async def tell(self) -> None:
        """Tell that it lives, and on what it decides; raises Unavailable."""
        if not self._has_told:
            await asyncio.to_thread(gateways.leave, self._database, self.name)
        beat = partial(
            gateways.beat,
            self._database,
            self.name,
            status=self._status,
            revision=self._revision,
            host=socket.gethostname(),
            pid=os.getpid(),
            address=self._address,
            version=__version__,
        )
        await asyncio.to_thread(beat)
        self._has_told = True

    async def close(self) -> None:
        """Tell that it ends, if that can be told, and hear no more."""
        self._seat.give_up()
        await asyncio.to_thread(self._ear.shutdown)
        with suppress(Unavailable):  # whoever looks will see that it has fallen silent
            await asyncio.to_thread(gateways.leave, self._database, self.name)
