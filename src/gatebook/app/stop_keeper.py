"""Has a gate watch what is stopped, and puts orders into the database that nobody else put there.

Whoever engages a stop records it too; this is for those who gave up or were cut off meanwhile. An
order is carried out under the id of its stop, so that whoever comes second finds it done. Its file
is taken away when no gate can be left that has not heard of it from the database, or if it names
nothing; as long as it cannot be recorded it is in force.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import partial
from typing import Final

from gatebook.app.config import Config
from gatebook.app.emergency import engage, order_of
from gatebook.app.folder_watch import watched
from gatebook.app.followers import Step
from gatebook.app.keyring import Keyring
from gatebook.app.stop_folder import NAME, StopFolder
from gatebook.app.wiring import control_of
from gatebook.control.apply import Control, Order, log_of
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import Conflict, GatebookError, NotFound, Unavailable
from gatebook.core.ids import Entropy, system_entropy
from gatebook.gateway.book import Book
from gatebook.gateway.snapshot import Snapshots
from gatebook.gateway.stopping import LOOK_SECONDS, NOTE_SECONDS, Stopping
from gatebook.identity.directory import Agent, Organization
from gatebook.ledger.ports import Certifier
from gatebook.storage.database import open_database

_LOG = logging.getLogger(__name__)

_SECONDS: Final = 1
"""How often it looks whether there is something to record."""

PATIENCE_SECONDS: Final = 3
"""Time for whoever gave an order to record it."""

OpenControl = Callable[[], AbstractContextManager[Control]]


class StopKeeper:
    """Looks after the stops of one gate and after the folder of orders of its machine."""

    def __init__(
        self,
        folder: StopFolder,
        open_control: OpenControl,
        *,
        gateway: str,
        config: Config,
        clock: Clock,
        patience_seconds: int = PATIENCE_SECONDS,
    ) -> None:
        """`gateway` is the name of the one that it is for."""
        self.folder = folder
        self._open_control = open_control
        self._gateway = gateway
        self._config = config
        self._clock = clock
        self._patience_us = patience_seconds * SECOND_US
        self._stale_us = 2 * config.gateway.snapshot_stale_seconds * SECOND_US
        self._recorded_us: dict[str, int] = {}
        self._wake = asyncio.Event()
        """Set when there may be something to look for."""

    async def open(self, snapshots: Snapshots, book: Book) -> Stopping:
        """What is stopped, for the gate on the running event loop."""
        stopping = Stopping(
            self.folder,
            snapshots,
            book,
            gateway=self._gateway,
            platform_log=log_of(self._config.ledger.origin, None),
            settings=self._config.gateway,
            clock=self._clock,
        )
        await stopping.look()
        return stopping

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hear of orders as they come, where the kernel tells; else the next look finds them."""
        with suppress(Unavailable):
            self.folder.prepare()
        with watched(self.folder.folder, self._wake.set):
            yield

    def quarantine(self, agent: Agent, organization: Organization, reason: str) -> None:
        """Put an agent into quarantine until a person releases it; may block, raises Unavailable.

        The order is this process's own; it is in force at once, and recorded as any other is.
        """
        command = EngageStop(kind="quarantine", name=agent.id, organization=organization.slug)
        order = order_of(command, reason, clock=self._clock, entropy=system_entropy)
        self.folder.post(order)

    def steps(self, stopping: Stopping) -> dict[str, Step]:
        """What has to be done again and again while the gate is open."""
        return {
            "looking for stops": Step(stopping.look, LOOK_SECONDS, self._wake),
            "noting what was stopped": Step(stopping.note, NOTE_SECONDS),
            "recording stops": Step(partial(self.record, stopping), _SECONDS),
            "keeping room for stops": Step(self.keep_room, _SECONDS),
        }

    async def record(self, stopping: Stopping) -> None:
        """Record what is not recorded, tidy up what is; raises why one of them could not be."""
        refused: GatebookError | None = None
        unrecorded = stopping.unrecorded()
        self._tidy(stopping.pending.keys() - unrecorded)
        for id_ in unrecorded:
            age_us = self._clock.now_us() - stopping.pending[id_].engaged_at
            order = self.folder.order(id_)
            if order is not None and not 0 <= age_us < self._patience_us:
                try:
                    await asyncio.to_thread(self._record, id_, order)
                except Unavailable:  # and so it is for all others
                    raise
                except GatebookError as error:
                    refused = error
        if refused is not None:
            raise refused

    async def keep_room(self) -> None:
        """Keep room for orders that come when the disk is full; raises Unavailable."""
        await asyncio.to_thread(self.folder.prepare)

    def _record(self, id_: str, order: Order) -> None:
        try:
            with self._open_control() as control:
                answers = engage(control, order)
        except Conflict:
            return  # somebody else does it at this very moment
        except NotFound as error:
            _LOG.warning("%s is void, and nothing is stopped by it: %s", id_, error)
            self.folder.remove(id_)
            return
        for answer in answers:
            _LOG.info("%s is in the book: %s", answer.values["stop"], answer.reference)

    def _tidy(self, recorded: Iterable[str]) -> None:
        """Take away what the database has had for so long that every gate knows it from there."""
        now_us = self._clock.monotonic_us()
        self._recorded_us = {id_: self._recorded_us.get(id_, now_us) for id_ in recorded}
        for id_, since_us in self._recorded_us.items():
            if now_us - since_us > self._stale_us:
                self.folder.remove(id_)


def keeper_of(
    gateway: str,
    config: Config,
    keyring: Keyring,
    certifier: Certifier,
    *,
    clock: Clock,
    entropy: Entropy,
) -> StopKeeper:
    """A keeper that records on connections and in streams that are no one else's."""

    @contextmanager
    def open_control() -> Iterator[Control]:
        wait_seconds = config.storage.wait_seconds
        with (
            closing(open_database(config.database_url, wait_seconds=wait_seconds)) as database,
            control_of(config, keyring, database, certifier, clock) as control,
        ):
            yield control

    folder = StopFolder(config.data / NAME, keyring.stops, entropy)
    return StopKeeper(folder, open_control, gateway=gateway, config=config, clock=clock)
