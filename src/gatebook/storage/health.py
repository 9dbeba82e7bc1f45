"""How well providers answer: whose turn it is to ask them, what they said, how calls went."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import case, delete, func, select, update

from gatebook.ledger.events.provider import ProviderProbed
from gatebook.storage.database import Database
from gatebook.storage.tables import probe_turns, probes, provider_hours
from gatebook.storage.upsert import insert

HOUR_US: Final = 3600 * 1_000_000
WELL: Final = "well"


class Measured(NamedTuple):
    """What was seen of a provider: how often it was asked and was well, and how calls went."""

    probes: int
    well: int
    answered: int
    failed: int


class Probe(NamedTuple):
    """What a provider said when it was asked."""

    provider_id: str
    at_us: int
    result: str
    latency_ms: int


class SqlHealth:
    """Kept in the database, so that several gateways ask as often as one would."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take_turns(self, providers: Iterable[str], now_us: int, interval_us: int) -> list[str]:
        """The providers whose turn it is and that nobody else asks this time."""
        later = select(probe_turns.c.provider_id).where(probe_turns.c.due_at > now_us)
        with self._database.reading() as connection:
            due = {*providers} - {*connection.scalars(later)}
        if not due:
            return []
        taken = []
        with self._database.writing() as connection:
            for provider in sorted(due):
                turn = insert(connection, probe_turns).values(provider_id=provider, due_at=now_us)
                connection.execute(turn.on_conflict_do_nothing())
                claim = (
                    update(probe_turns)
                    .where(probe_turns.c.provider_id == provider, probe_turns.c.due_at <= now_us)
                    .values(due_at=now_us + interval_us)
                )
                if connection.execute(claim).rowcount:
                    taken.append(provider)
        return taken

    def keep_probes(self, at_us: int, probed: Iterable[ProviderProbed]) -> None:
        """Note down what providers said; what another gateway noted at that moment stands."""
        with self._database.writing() as connection:
            for each in probed:
                row = insert(connection, probes).values(
                    provider_id=each.provider,
                    at=at_us,
                    result=each.result,
                    latency_ms=each.latency_ms,
                )
                connection.execute(row.on_conflict_do_nothing())

    def add_calls(self, now_us: int, calls: Mapping[str, tuple[int, int]]) -> None:
        """Count calls that were answered and that failed, by provider, to the hour it is."""
        hour = now_us - now_us % HOUR_US
        with self._database.writing() as connection:
            for provider, (answered, failed) in calls.items():
                row = insert(connection, provider_hours).values(
                    provider_id=provider, hour=hour, answered=answered, failed=failed
                )
                added = {
                    "answered": provider_hours.c.answered + answered,
                    "failed": provider_hours.c.failed + failed,
                }
                connection.execute(
                    row.on_conflict_do_update(index_elements=["provider_id", "hour"], set_=added)
                )

    def forget(self, before_us: int) -> None:
        """Delete what is older; the ledger keeps its entries of it."""
        with self._database.writing() as connection:
            connection.execute(delete(probes).where(probes.c.at < before_us))
            connection.execute(delete(provider_hours).where(provider_hours.c.hour < before_us))


def measured(database: Database, since_us: int) -> dict[str, Measured]:
    """What was seen of every provider since then; hours count that have begun since."""
    is_well = case((probes.c.result == WELL, 1), else_=0)
    asked = (
        select(probes.c.provider_id, func.count(), func.sum(is_well))
        .where(probes.c.at >= since_us)
        .group_by(probes.c.provider_id)
    )
    calls = (
        select(
            provider_hours.c.provider_id,
            func.sum(provider_hours.c.answered),
            func.sum(provider_hours.c.failed),
        )
        .where(provider_hours.c.hour >= since_us)
        .group_by(provider_hours.c.provider_id)
    )
    with database.reading() as connection:
        by_probe = {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(asked)}
        by_calls = {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(calls)}
    return {
        provider: Measured(*by_probe.get(provider, (0, 0)), *by_calls.get(provider, (0, 0)))
        for provider in {*by_probe, *by_calls}
    }


def last_probes(database: Database, provider_id: str, count: int) -> list[Probe]:
    """What a provider said the last times it was asked, newest first."""
    found = (
        select(probes.c.provider_id, probes.c.at, probes.c.result, probes.c.latency_ms)
        .where(probes.c.provider_id == provider_id)
        .order_by(probes.c.at.desc())
        .limit(count)
    )
    with database.reading() as connection:
        return [Probe(*row) for row in connection.execute(found)]
