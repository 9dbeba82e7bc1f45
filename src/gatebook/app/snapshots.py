"""Snapshots for the gate, read from the database and opened with the installation's keys.

What does not open concerns one provider or one organization: the gate's words name it, its calls
are refused, and those of all others go on.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gatebook.control.apply import log_of
from gatebook.core.envelope import DataKey, Kek, WrappedKey, open_data_key
from gatebook.core.errors import Tampered
from gatebook.core.secret import Secret
from gatebook.gateway.commitments import CommitmentKey
from gatebook.gateway.snapshot import Snapshot, Tenant
from gatebook.guard.settings import AS_SHIPPED, GuardSettings
from gatebook.identity.directory import Directory, credential_cell
from gatebook.identity.keys import Peppers
from gatebook.policy.limits.prices import PriceTable
from gatebook.storage.database import Database
from gatebook.storage.directory import load_data_keys, load_snapshot, read_revision
from gatebook.storage.policies import keep_policies

_LOG = logging.getLogger(__name__)


class SqlSource:
    """Implements `gateway.snapshot.Source`."""

    def __init__(
        self,
        database: Database,
        *,
        kek: Kek,
        peppers: Peppers,
        origin: str,
        price_tables: Sequence[PriceTable] = (),
        guard: GuardSettings = AS_SHIPPED,
    ) -> None:
        self._database = database
        self._kek = kek
        self._peppers = peppers
        self._origin = origin
        self._kept: set[str] = set()
        """Digests of the policies that we know to be kept."""
        self._price_tables = price_tables
        self._guard = guard

    def revision(self) -> int:
        """See gateway.snapshot.Source."""
        with self._database.reading() as connection:
            return read_revision(connection)

    def load(self) -> Snapshot:
        """See gateway.snapshot.Source.

        Its policies are kept in writing before anything is decided by them, so that whoever reads
        in the book what decided finds what that was.
        """
        with self._database.reading() as connection:
            directory = load_snapshot(connection)
            wrapped = load_data_keys(connection)
        data_keys = dict(_opened(wrapped, self._kek, directory))
        newest = {key.organization_id: data_keys.get(key.id) for key in wrapped}
        snapshot = Snapshot(
            directory,
            peppers=self._peppers,
            tenants={
                id_: Tenant(log_of(self._origin, organization), _commitment_key(newest.get(id_)))
                for id_, organization in directory.organizations.items()
            },
            credentials=dict(_credentials(directory, data_keys)),
            price_tables=self._price_tables,
            guard=self._guard,
        )
        self._keep(dict(snapshot.policies.texts()))
        return snapshot

    def _keep(self, texts: dict[str, bytes]) -> None:
        fresh = {digest: text for digest, text in texts.items() if digest not in self._kept}
        if fresh:
            with self._database.writing() as connection:
                keep_policies(connection, fresh)
        self._kept = set(texts)


def _opened(
    wrapped: Iterable[WrappedKey], kek: Kek, directory: Directory
) -> Iterator[tuple[str, DataKey]]:
    """The data keys that open, by their ids."""
    for key in wrapped:
        try:
            yield key.id, open_data_key(key, kek)
        except Tampered as error:
            organization = directory.organizations.get(key.organization_id or "")
            whose = f"the organization {organization.slug}" if organization else "the platform"
            _LOG.error("the data key %s of %s does not open: %s", key.id, whose, error)


def _commitment_key(data_key: DataKey | None) -> CommitmentKey | None:
    return CommitmentKey.of(data_key) if data_key else None


def _credentials(
    directory: Directory, data_keys: Mapping[str, DataKey]
) -> Iterator[tuple[str, Secret]]:
    """The credentials that open, by the ids of their providers."""
    for provider in directory.providers.values():
        data_key = data_keys.get(provider.data_key or "")
        try:
            if data_key and provider.credential is not None:
                sealed = data_key.unseal(provider.credential, credential_cell(provider.id))
                yield provider.id, Secret(sealed.decode())
        except Tampered as error:
            name = f"{provider.name} of {directory.organizations[provider.organization_id].slug}"
            _LOG.error("the credential of the provider %s does not open: %s", name, error)
