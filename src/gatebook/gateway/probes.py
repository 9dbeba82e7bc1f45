"""Asks every provider at an interval whether it is well, and counts how calls to it went.

A probe carries nothing of an agent's: it asks for the list of models, where the dialect has one,
with the credential that calls go with. It is recorded after it, in the organization's log.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, Literal, Protocol

from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import GatebookError
from gatebook.gateway.book import Book
from gatebook.gateway.breaker import Change, Key
from gatebook.gateway.settings import UpstreamSettings
from gatebook.gateway.snapshot import Snapshot, Snapshots
from gatebook.gateway.stopping import Stopping
from gatebook.gateway.upstream import Upstream
from gatebook.identity.directory import Provider
from gatebook.ledger.events.circuit import CircuitClosed, CircuitOpened
from gatebook.ledger.events.provider import ProviderProbed
from gatebook.policy.stops import Target
from gatebook.providers import Dialect

PAUSE_SECONDS: Final = 10
"""How often it is looked whose turn it is."""

_DAY_US: Final = 24 * 3600 * SECOND_US

Result = Literal["well", "busy", "failing", "credential_rejected", "unreachable", "silent"]

_BY_STATUS: Final[dict[int, Result]] = {
    401: "credential_rejected",
    403: "credential_rejected",
    429: "busy",
}


class Health(Protocol):
    """Where it is kept how well providers answer; every method may block and raise Unavailable."""

    def take_turns(self, providers: Iterable[str], now_us: int, interval_us: int) -> list[str]:
        """The providers whose turn it is and that nobody else asks this time."""
        ...

    def keep_probes(self, at_us: int, probed: Iterable[ProviderProbed]) -> None:
        """Note down what providers said."""
        ...

    def add_calls(self, now_us: int, calls: Mapping[str, tuple[int, int]]) -> None:
        """Count calls that were answered and that failed, by provider."""
        ...

    def forget(self, before_us: int) -> None:
        """Delete what is older."""
        ...


class Probes:
    """What this process contributes to what is known of providers; lives on one event loop."""

    def __init__(
        self,
        *,
        snapshots: Snapshots,
        upstream: Upstream,
        dialects: Mapping[str, Dialect],
        book: Book,
        stopping: Stopping,
        health: Health,
        settings: UpstreamSettings,
        clock: Clock,
    ) -> None:
        self._snapshots = snapshots
        self._upstream = upstream
        self._dialects = dialects
        self._book = book
        self._stopping = stopping
        self._health = health
        self._settings = settings
        self._clock = clock
        self._calls: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])

    def count(self, provider_id: str, *, has_failed: bool) -> None:
        """A call to a provider ended."""
        self._calls[provider_id][has_failed] += 1

    def circuit_changed(self, key: Key, change: Change, failures: int) -> None:
        """Note in the organization's log that a provider is left alone, or is so no more."""
        snapshot = self._snapshots.current()
        provider = snapshot.directory.providers.get(key.provider)
        if provider is not None:
            kind = CircuitOpened if change == "opened" else CircuitClosed
            event = kind(provider=key.provider, model=key.model, failures=failures)
            self._book.note(snapshot.tenants[provider.organization_id].log, event)

    async def look(self) -> None:
        """Hand in what was counted and ask the providers whose turn it is."""
        now_us = self._clock.now_us()
        await self._hand_in(now_us)
        snapshot = self._snapshots.current()
        active = {
            each.id: each
            for each in snapshot.directory.providers.values()
            if each.status == "active"
            and snapshot.opens(each)
            and self._stopping.permits(Target.of_provider(each))
        }
        interval_us = self._settings.probe_seconds * SECOND_US
        turns = await asyncio.to_thread(self._health.take_turns, active, now_us, interval_us)
        if turns:
            probed = await asyncio.gather(*[self._probe(snapshot, active[id_]) for id_ in turns])
            # All at once: each by itself would take a thread while the database keeps it waiting.
            await asyncio.to_thread(self._health.keep_probes, self._clock.now_us(), probed)
            await asyncio.gather(*[self._record(snapshot, active, event) for event in probed])
            before_us = now_us - self._settings.history_days * _DAY_US
            await asyncio.to_thread(self._health.forget, before_us)

    async def _hand_in(self, now_us: int) -> None:
        calls = {id_: (answered, failed) for id_, (answered, failed) in self._calls.items()}
        if calls:
            await asyncio.to_thread(self._health.add_calls, now_us, calls)
            for id_, (answered, failed) in calls.items():
                counted = self._calls[id_]
                counted[0] -= answered
                counted[1] -= failed
                if counted == [0, 0]:
                    del self._calls[id_]

    async def _record(
        self, snapshot: Snapshot, active: Mapping[str, Provider], event: ProviderProbed
    ) -> None:
        tenant = snapshot.tenants[active[event.provider].organization_id]
        await self._book.record(tenant.log, event)

    async def _probe(self, snapshot: Snapshot, provider: Provider) -> ProviderProbed:
        began_us = self._clock.monotonic_us()
        status = 0
        try:
            async with asyncio.timeout(self._settings.probe_timeout_seconds):
                answered = await self._upstream.probe(
                    provider, self._dialects[provider.dialect], snapshot.credential(provider)
                )
        except TimeoutError:
            result: Result = "silent"
        except GatebookError as error:
            result = "unreachable" if error.code == "upstream_unavailable" else "failing"
        else:
            status = answered or 0
            result = _BY_STATUS.get(status) or ("failing" if status >= 500 else "well")
        latency_ms = (self._clock.monotonic_us() - began_us) // 1000
        return ProviderProbed(
            provider=provider.id, result=result, status=status, latency_ms=latency_ms
        )
