"""Everything a call is decided on, held in memory and swapped whole when an administrator acts.

The database's revision is looked up every 250 ms. Nothing is decided on a state that could not be
confirmed for 30 s: a revocation that we cannot hear of must not be outlived by calls for ever.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import GatebookError, Unavailable
from gatebook.core.secret import Secret
from gatebook.gateway.commitments import CommitmentKey
from gatebook.gateway.settings import GatewaySettings
from gatebook.identity.directory import Directory
from gatebook.identity.keys import Peppers, parse
from gatebook.policy.permit import Policies

_LOG = logging.getLogger(__name__)


class Tenant(NamedTuple):
    """What an organization's calls are recorded with."""

    log: str
    commitment_key: CommitmentKey


class Snapshot(NamedTuple):
    """One state of the installation; nobody changes it."""

    directory: Directory
    peppers: Peppers
    policies: Policies
    tenants: Mapping[str, Tenant]
    credentials: Mapping[str, Secret]
    """Our credentials by provider id; a provider may need none."""

    def knows(self, credential: str) -> bool:
        """Whether a credential names a key that exists; proves nothing."""
        parts = parse(credential)
        return parts is not None and parts.id in self.directory.keys


class Source(Protocol):
    """Where snapshots come from; may block, and raises Unavailable when it cannot tell."""

    def revision(self) -> int:
        """The number of the state that is current."""
        ...

    def load(self) -> Snapshot:
        """The state that is current."""
        ...


class Snapshots:
    """The current snapshot, as far as is known."""

    def __init__(self, source: Source, *, settings: GatewaySettings, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._poll_seconds = settings.snapshot_poll_ms / 1000
        self._stale_us = settings.snapshot_stale_seconds * SECOND_US
        self._snapshot: Snapshot | None = None
        self._confirmed_us = 0

    def current(self) -> Snapshot:
        """The snapshot to decide on; raises Unavailable if it may be out of date."""
        snapshot = self._snapshot
        if snapshot is None or self._clock.monotonic_us() - self._confirmed_us > self._stale_us:
            raise Unavailable(
                "directory_unavailable",
                "Whether keys and grants are still in force cannot be told now.",
                "Retry after a moment; the operator finds the reason in the database.",
                retry_after_seconds=1,
            )
        return snapshot

    async def refresh(self) -> None:
        """Look whether anything changed and load it if so; raises Unavailable."""
        asked_us = self._clock.monotonic_us()
        revision = await asyncio.to_thread(self._source.revision)
        if self._snapshot is None or self._snapshot.directory.revision != revision:
            self._snapshot = await asyncio.to_thread(self._source.load)
        self._confirmed_us = asked_us

    async def follow(self) -> None:
        """Keep the snapshot current, for ever."""
        while True:
            await asyncio.sleep(self._poll_seconds)
            try:
                await self.refresh()
            except GatebookError as error:
                _LOG.warning("administrative changes cannot be looked for: %s", error)
