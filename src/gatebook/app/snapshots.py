"""Snapshots for the gate, read from the database and opened with the installation's keys."""

from collections.abc import Sequence

from gatebook.control.apply import log_of
from gatebook.core.envelope import DataKey, Kek, open_data_key
from gatebook.core.errors import Misconfigured
from gatebook.core.secret import Secret
from gatebook.gateway.commitments import CommitmentKey
from gatebook.gateway.snapshot import Snapshot, Tenant
from gatebook.identity.directory import Provider, credential_cell
from gatebook.identity.keys import Peppers
from gatebook.policy.prices import PriceTable
from gatebook.storage.database import Database
from gatebook.storage.directory import load_data_keys, load_snapshot, read_revision
from gatebook.storage.policies import keep_policies


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
    ) -> None:
        self._database = database
        self._kek = kek
        self._peppers = peppers
        self._origin = origin
        self._kept: set[str] = set()
        """Digests of the policies that we know to be kept."""
        self._price_tables = price_tables

    def revision(self) -> int:
        """See gateway.snapshot.Source."""
        with self._database.reading() as connection:
            return read_revision(connection)

    def load(self) -> Snapshot:
        """See gateway.snapshot.Source; raises Tampered if a sealed value was meddled with.

        Its policies are kept in writing before anything is decided by them, so that whoever reads
        in the book what decided finds what that was.
        """
        with self._database.reading() as connection:
            directory = load_snapshot(connection)
            wrapped = load_data_keys(connection)
        data_keys = {key.id: open_data_key(key, self._kek) for key in wrapped}
        newest = {key.organization_id: data_keys[key.id] for key in wrapped}
        snapshot = Snapshot(
            directory,
            peppers=self._peppers,
            tenants={
                id_: Tenant(log_of(self._origin, organization), CommitmentKey.of(newest[id_]))
                for id_, organization in directory.organizations.items()
                if id_ in newest
            },
            credentials={
                provider.id: _credential(provider, data_keys)
                for provider in directory.providers.values()
                if provider.credential is not None
            },
            price_tables=self._price_tables,
        )
        self._keep(dict(snapshot.policies.texts()))
        return snapshot

    def _keep(self, texts: dict[str, bytes]) -> None:
        fresh = {digest: text for digest, text in texts.items() if digest not in self._kept}
        if fresh:
            with self._database.writing() as connection:
                keep_policies(connection, fresh)
        self._kept = set(texts)


def _credential(provider: Provider, data_keys: dict[str, DataKey]) -> Secret:
    data_key = data_keys.get(provider.data_key or "")
    if data_key is None or provider.credential is None:
        raise Misconfigured(
            "provider_credential",
            f"The credential of the provider {provider.name} has lost its data key.",
            "Set it again: gatebook provider rekey --help",
        )
    return Secret(data_key.unseal(provider.credential, credential_cell(provider.id)).decode())
