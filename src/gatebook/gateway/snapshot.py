"""Everything a call is decided on, held in memory and swapped whole when an administrator acts.

The database's revision is looked up when it is said to have changed, and every 250 ms, should that
word be lost. Nothing is decided on a state that could not be confirmed for 30 s: a revocation that
we cannot hear of must not be outlived by calls for ever.
"""

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol

from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import Misconfigured, Unavailable
from gatebook.core.secret import Secret
from gatebook.gateway.commitments import CommitmentKey
from gatebook.gateway.settings import GatewaySettings
from gatebook.guard.settings import AS_SHIPPED, GuardSettings
from gatebook.identity.directory import Directory, Provider
from gatebook.identity.identify import KeyRejected, Principal, identify
from gatebook.identity.keys import Peppers
from gatebook.policy.limits.bounds import Limits
from gatebook.policy.limits.prices import Prices, PriceTable
from gatebook.policy.permit import Policies


class Tenant(NamedTuple):
    """What an organization's calls are recorded with."""

    log: str
    commitment_key: CommitmentKey | None
    """None: the organization's data key does not open."""


class Snapshot:
    """One state of the installation; nobody changes it."""

    def __init__(
        self,
        directory: Directory,
        *,
        peppers: Peppers,
        tenants: Mapping[str, Tenant],
        credentials: Mapping[str, Secret],
        price_tables: Sequence[PriceTable] = (),
        guard: GuardSettings = AS_SHIPPED,
    ) -> None:
        """`tenants` by organization id; `credentials`, ours, by provider id if it needs one.

        What does not open is left out of them, and only its own calls are refused.
        """
        self.directory = directory
        self.policies = Policies(directory, guard)
        self.limits = Limits(directory)
        self.prices = Prices(price_tables, directory)
        self.tenants = tenants
        self._credentials = credentials
        self._peppers = peppers
        # Keys that were proven in this state, by the hash of the credential: nobody can make it
        # grow but with keys that are valid, and it is gone with the state.
        self._proven: dict[bytes, Principal] = {}

    def opens(self, provider: Provider) -> bool:
        """Whether a provider can be asked: it needs no credential, or ours opens."""
        return provider.credential is None or provider.id in self._credentials

    def credential(self, provider: Provider) -> Secret | None:
        """Ours at a provider, if it needs one; raises Misconfigured if it does not open."""
        if not self.opens(provider):
            raise Misconfigured(
                "provider_credential_unreadable",
                f"The credential of the provider {provider.name} does not open, so nothing is sent"
                " to it.",
                "Have an administrator set it again: gatebook provider rekey --help",
            )
        return self._credentials.get(provider.id)

    def commitment_key(self, organization_id: str) -> CommitmentKey:
        """What an organization's calls are committed to with; raises Misconfigured without it."""
        key = self.tenants[organization_id].commitment_key
        if key is None:
            raise Misconfigured(
                "data_key_unreadable",
                "The organization's data key does not open, so none of its calls is made.",
                "Have the operator look what the gateway said, and bring back the database's row.",
            )
        return key

    def knows(self, credential: str, now_us: int) -> bool:
        """Whether a credential identifies anybody."""
        try:
            self.identify(credential, now_us)
        except KeyRejected:
            return False
        return True

    def identify(self, credential: str, now_us: int) -> Principal:
        """Who presents a credential; raises KeyRejected (see identity.identify)."""
        proven = self._proven.get(_fingerprint(credential))
        if proven is not None and proven.key.is_live(now_us):
            return proven
        principal = identify(self.directory, self._peppers, credential, now_us)
        self._proven[_fingerprint(credential)] = principal
        return principal


def _fingerprint(credential: str) -> bytes:
    return sha256(credential.encode()).digest()


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
        self._stale_us = settings.snapshot_stale_seconds * SECOND_US
        self._snapshot: Snapshot | None = None
        self._confirmed_us = 0

    @property
    def revision(self) -> int:
        """The number of the state that is decided on; 0 before there is one."""
        return self._snapshot.directory.revision if self._snapshot else 0

    @property
    def age_us(self) -> int:
        """How long ago it was seen to be the current one."""
        return self._clock.monotonic_us() - self._confirmed_us

    def current(self) -> Snapshot:
        """The snapshot to decide on; raises Unavailable if it may be out of date."""
        snapshot = self._snapshot
        if snapshot is None or self.age_us > self._stale_us:
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
