"""What a gate is put among: the database, the notary, the folders and keys of the installation."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gatebook.app.config import Config
from gatebook.app.folders import dialects
from gatebook.app.guard_rules import open_inspector
from gatebook.app.keyring import load_keyring
from gatebook.app.limits import open_leases, price_tables
from gatebook.app.notary_client import open_notary
from gatebook.app.presence import Presence
from gatebook.app.rollback import RollbackGuard
from gatebook.app.snapshots import SqlSource
from gatebook.app.stop_keeper import StopKeeper, keeper_of
from gatebook.app.watched_store import WatchedStore
from gatebook.core.clock import Clock
from gatebook.core.ids import Entropy
from gatebook.gateway.probes import Health
from gatebook.gateway.snapshot import Source
from gatebook.gateway.unsigned import Unsigned
from gatebook.guard.inspect import Inspector
from gatebook.ledger.ports import Certifier, Store
from gatebook.providers import Dialect
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database
from gatebook.storage.folder import published_logs
from gatebook.storage.health import SqlHealth
from gatebook.storage.leases import SqlLeases
from gatebook.storage.sequence import Sequencer


class Surroundings(NamedTuple):
    """What the parts of a gate are made from."""

    source: Source
    leases: SqlLeases
    presence: Presence
    store: Store[Any]
    certifier: Certifier
    unsigned: Unsigned
    dialects: Mapping[str, Dialect]
    health: Health
    keeper: StopKeeper
    inspector: Inspector
    config: Config
    clock: Clock
    entropy: Entropy


def surroundings_of(
    config: Config,
    database: Database,
    writers_database: Database,
    presence: Presence,
    *,
    clock: Clock,
    entropy: Entropy,
) -> Surroundings:
    """The surroundings of a gateway process.

    Raises Misconfigured; Unavailable if the notary does not answer; Tampered if the database is
    older than what the notary has signed.
    """
    keyring = load_keyring(config, entropy)
    notary = open_notary(config, keyring.installation)
    guard = RollbackGuard(notary, Sequencer(database), config.data / "log")
    guard.check_all(published_logs(config.data / "log", config.ledger.origin))
    store = WatchedStore(SqlStore(writers_database, clock))
    return Surroundings(
        source=SqlSource(
            database,
            kek=keyring.kek,
            peppers=keyring.peppers,
            origin=config.ledger.origin,
            price_tables=price_tables(config.limits.price_file),
            guard=config.guard,
        ),
        leases=open_leases(database, config.limits, clock=clock, entropy=entropy),
        presence=presence,
        store=store,
        certifier=guard,
        unsigned=Unsigned(store.committed, notary.reach, settings=config.ledger, clock=clock),
        dialects=dialects(),
        health=SqlHealth(database),
        inspector=open_inspector(config.guard, config.data, keyring.rules, entropy),
        keeper=keeper_of(presence.name, config, keyring, guard, clock=clock, entropy=entropy),
        config=config,
        clock=clock,
        entropy=entropy,
    )
