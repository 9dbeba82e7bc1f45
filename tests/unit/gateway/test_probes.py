"""Providers are asked whether they are well, once for all gateways, and what they say is kept."""

import asyncio
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from gatebook.core.errors import GatebookError, Unavailable
from gatebook.gateway.probes import Probes
from gatebook.gateway.settings import UpstreamSettings
from gatebook.ledger.events.provider import ProviderProbed
from tests.decisions import ACME, OPENAI
from tests.simulators.clock import NOON_US, SetClock


class Kept:
    """Health in memory; everybody's turn comes every time."""

    def __init__(self) -> None:
        self.probes: list[tuple[str, str]] = []
        self.calls: list[Mapping[str, tuple[int, int]]] = []
        self.forgot_us = 0
        self.fails = False

    def take_turns(self, providers: Iterable[str], now_us: int, interval_us: int) -> list[str]:
        return [*providers]

    def keep_probes(self, at_us: int, probed: Iterable[ProviderProbed]) -> None:
        self.probes += [(each.provider, each.result) for each in probed]

    def add_calls(self, now_us: int, calls: Mapping[str, tuple[int, int]]) -> None:
        if self.fails:
            raise Unavailable("database_unavailable", "Away.")
        self.calls.append(calls)

    def forget(self, before_us: int) -> None:
        self.forgot_us = before_us


class Bench:
    """Probes of one provider that answers as it is told."""

    def __init__(
        self,
        answer: int | GatebookError | float | None,
        *,
        is_stopped: bool = False,
        opens: bool = True,
    ) -> None:
        self.health = Kept()
        self.recorded: list[tuple[str, ProviderProbed]] = []
        snapshot = SimpleNamespace(
            directory=SimpleNamespace(providers={OPENAI.id: OPENAI}),
            opens=lambda _: opens,
            credential=lambda _: None,
            tenants={ACME.id: SimpleNamespace(log="log/acme")},
        )

        async def probe(*_: Any) -> int | None:
            if isinstance(answer, GatebookError):
                raise answer
            if isinstance(answer, float):
                await asyncio.sleep(answer)
                return 200
            return answer

        async def record(log: str, event: ProviderProbed) -> None:
            self.recorded.append((log, event))

        parts: Any = {
            "snapshots": SimpleNamespace(current=lambda: snapshot),
            "upstream": SimpleNamespace(probe=probe),
            "dialects": {"openai": None},
            "book": SimpleNamespace(record=record),
            "stopping": SimpleNamespace(permits=lambda _: not is_stopped),
            "health": self.health,
            "settings": UpstreamSettings(probe_timeout_seconds=1, history_days=1),
            "clock": SetClock(),
        }
        self.probes = Probes(**parts)


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (200, "well"),
        (None, "well"),
        (404, "well"),
        (401, "credential_rejected"),
        (403, "credential_rejected"),
        (429, "busy"),
        (500, "failing"),
        (529, "failing"),
        (Unavailable("upstream_unavailable", "A."), "unreachable"),
        (Unavailable("upstream_broken", "A."), "failing"),
    ],
)
async def test_what_a_provider_answers_says_how_it_is(answer: Any, result: str) -> None:
    bench = Bench(answer)
    await bench.probes.look()
    assert bench.health.probes == [(OPENAI.id, result)]
    ((log, event),) = bench.recorded
    assert (log, event.provider, event.result) == ("log/acme", OPENAI.id, result)
    assert event.status == (answer if isinstance(answer, int) else 0)
    assert bench.health.forgot_us == NOON_US - 24 * 3600 * 1_000_000


async def test_a_provider_that_says_nothing_is_silent() -> None:
    bench = Bench(5.0)
    await bench.probes.look()
    assert bench.health.probes == [(OPENAI.id, "silent")]


async def test_calls_are_handed_in_once_and_not_lost_where_they_cannot_be() -> None:
    bench = Bench(200)
    bench.probes.count("p", has_failed=False)
    bench.probes.count("p", has_failed=True)
    bench.health.fails = True
    with pytest.raises(Unavailable):
        await bench.probes.look()
    bench.health.fails = False
    bench.probes.count("p", has_failed=False)
    await bench.probes.look()
    await bench.probes.look()
    assert bench.health.calls == [{"p": (2, 1)}]


@pytest.mark.parametrize("how", [{"is_stopped": True}, {"opens": False}])
async def test_a_provider_that_is_stopped_or_cannot_be_asked_is_not(how: dict[str, bool]) -> None:
    bench = Bench(200, **how)
    await bench.probes.look()
    assert bench.health.probes == []
