"""Whatever becomes of one part of a gate, at its start or at its end, the others end too."""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NoReturn

import pytest

from gatebook.app.gate_parts import open_gate
from gatebook.app.presence import Presence
from gatebook.app.stop_keeper import StopKeeper
from gatebook.app.telemetry import Instruments
from gatebook.core.errors import Unavailable
from gatebook.gateway.allowance import Allowance
from gatebook.gateway.front import Front
from gatebook.gateway.refusals import Refusals
from gatebook.gateway.snapshot import Snapshots
from gatebook.gateway.upstream import Upstream
from gatebook.ledger.append import Writer
from gatebook.storage.database import open_database
from gatebook.storage.seat import Seat
from tests.gates import RunningGate, open_running_gate


@pytest.fixture
def stopped(sqlite_url: str) -> Iterator[RunningGate]:
    """A gate that was stopped, with its surroundings."""
    with closing(open_database(sqlite_url)) as database, open_running_gate(database) as gate:
        gate.stop_serving()
        yield gate


def fail(*_: Any, **__: Any) -> NoReturn:
    raise Unavailable("disk_full", "No.")


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that ended, in order."""
    ended: list[str] = []
    for kind in (Writer, Presence, Upstream):
        real: Any = kind.close

        def close(self: Any, real: Any = real, name: str = kind.__name__) -> Any:
            ended.append(name)
            return real(self)

        monkeypatch.setattr(kind, "close", close)
    return ended


async def be_open(gate: RunningGate) -> None:
    with closing(Seat(gate.database, gate.name)) as seat:
        seat.take()
        presence = Presence(gate.database, seat, 1, "http://127.0.0.1:0")
        async with open_gate(gate._given(presence=presence), Front()):
            pass


async def test_parts_end_though_others_cannot(
    stopped: RunningGate, monkeypatch: pytest.MonkeyPatch, ended: list[str]
) -> None:
    monkeypatch.setattr(Refusals, "flush", fail)
    monkeypatch.setattr(Allowance, "close", fail)
    with pytest.raises(Unavailable):
        await be_open(stopped)
    assert ended == ["Upstream", "Writer", "Presence"]


@pytest.mark.parametrize(
    ("kind", "method", "expected"),
    [
        (Snapshots, "refresh", ["Presence"]),
        (StopKeeper, "open", ["Upstream", "Writer", "Presence"]),
        (Instruments, "serve", ["Upstream", "Writer", "Presence"]),
    ],
)
async def test_parts_that_were_made_end_when_a_later_one_cannot_be(
    stopped: RunningGate,
    monkeypatch: pytest.MonkeyPatch,
    ended: list[str],
    kind: type[Any],
    method: str,
    expected: list[str],
) -> None:
    monkeypatch.setattr(kind, method, fail)
    threads = set(threading.enumerate())
    with pytest.raises(Unavailable):
        await be_open(stopped)
    assert ended == expected
    for left in set(threading.enumerate()) - threads:
        if not left.name.startswith("asyncio"):
            left.join(5)  # the one that looks for stops is told to end, and not waited for
            assert not left.is_alive(), left.name
