"""A name that hangs keeps nobody waiting but those who asked for it."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from gatebook.web import resolver
from gatebook.web.resolver import Resolver


class HandSystem:
    """A system that answers at once, but names that begin with `slow` when it is let."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.go_on = threading.Event()

    def getaddrinfo(self, host: str, *_: object, **__: object) -> list[Any]:
        """As the standard library's."""
        self.asked[host] += 1
        if host.startswith("slow"):
            self.go_on.wait(10)
        if host.startswith("none"):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.8", 0))]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[HandSystem]:
    """What the resolver asks."""
    hand = HandSystem()
    monkeypatch.setattr(socket, "getaddrinfo", hand.getaddrinfo)
    yield hand
    hand.go_on.set()


async def test_names_are_looked_up_as_the_system_does() -> None:
    names = Resolver()
    assert set(await names.resolve("localhost")) <= {"127.0.0.1", "::1"}
    for unknown in ("nowhere.invalid", "a" * 64 + ".example"):
        with pytest.raises(OSError):
            await names.resolve(unknown)


async def test_names_that_hang_do_not_hold_up_another(system: HandSystem) -> None:
    names = Resolver()
    slow = [asyncio.ensure_future(names.resolve(f"slow-{number}")) for number in range(20)]
    await asyncio.sleep(0.05)
    assert await asyncio.wait_for(names.resolve("quick"), 2) == ["10.0.0.8"]
    assert not any(task.done() for task in slow)
    system.go_on.set()
    assert await asyncio.gather(*slow) == [["10.0.0.8"]] * 20


async def test_a_name_that_hangs_has_one_thread_however_many_wait_and_give_up(
    system: HandSystem,
) -> None:
    names = Resolver()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(names.resolve("slow"), 0.01)
    assert system.asked == {"slow": 1}
    system.go_on.set()
    assert await asyncio.wait_for(names.resolve("slow"), 2) == ["10.0.0.8"]


async def test_what_is_beyond_the_bound_is_not_looked_up(
    system: HandSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "MOST", 2)
    names = Resolver()
    slow = [asyncio.ensure_future(names.resolve(f"slow-{number}")) for number in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="too many names"):
        await names.resolve("quick")
    system.go_on.set()
    await asyncio.gather(*slow)
    assert await names.resolve("quick") == ["10.0.0.8"]


async def test_an_answer_is_used_again_for_a_while_and_a_failure_is_not(
    system: HandSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Resolver()
    for _ in range(3):
        await names.resolve("quick")
        with pytest.raises(OSError):
            await names.resolve("none")
    assert system.asked == {"quick": 1, "none": 3}
    monkeypatch.setattr(resolver, "KEPT_SECONDS", 0)
    later = Resolver()
    for _ in range(2):
        await later.resolve("quick")
    assert system.asked["quick"] == 3
