"""How soon a revocation is in force in every process, and what happens while it cannot be heard of.

The figures are printed: `pytest -m long -s tests/functional/test_propagation.py`.
"""

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import pytest

from bench.database_wire import DatabaseWire, State
from gatebook.app.config import load_config
from gatebook.app.simulated.provider import SimulatedProvider
from gatebook.app.wiring import open_control, operator
from gatebook.control.apply import Answer, Control, Order, carry_out
from gatebook.control.inputs import read_command
from gatebook.core.clock import SystemClock
from gatebook.core.ids import system_entropy
from gatebook.core.secret import Secret
from tests.gates import CHAT
from tests.served import ORDER, Served, Start
from tests.servers import serving

pytestmark = pytest.mark.long

GATEWAYS = 3
ROUNDS = 20
PAUSE_SECONDS = 0.005
LIMIT_SECONDS = 1.0
BODY = json.dumps(CHAT).encode()


def order(control: Control, command: str, **values: Any) -> Answer:
    """Have a command carried out by the program's own code, in this process."""
    read = read_command(control.commands[command], values)
    return carry_out(control, Order(command=read, by=operator()))


def enroll(control: Control, name: str) -> str:
    """The key of a new agent."""
    who = {"owner": "alice@example.com", "purpose": "answers mail", "model": ["gpt-*"]}
    answer = order(control, "enroll_agent", name=name, **who)
    assert answer.shown_once is not None
    return answer.shown_once.reveal()


class Line:
    """A connection that stays with one process."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(self, key: str) -> tuple[int, str, str]:
        """Make a call: status, code of the error, and the stream that it is recorded in."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._connection.request("POST", "/v1/chat/completions", BODY, headers)
        response = self._connection.getresponse()
        said = json.loads(response.read())
        code = said["error"]["code"] if "error" in said else ""
        return response.status, code, response.headers.get("x-request-id", "").partition(".")[0]

    def is_admitted(self, key: str) -> bool:
        """Whether a call is made."""
        return self.call(key)[0] == 200

    def is_refused(self, key: str, code: str) -> bool:
        """Whether a call is refused for that reason."""
        return self.call(key)[1] == code

    def last_admitted(self, key: str) -> float:
        """When the last call was made that was not turned down."""
        last, until = 0.0, time.monotonic() + 20
        while True:
            asked = time.monotonic()
            status, code, _ = self.call(key)
            if status == 401:
                return last
            assert asked < until, (status, code)
            last = asked
            time.sleep(PAUSE_SECONDS)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@contextmanager
def lines(served: Served, key: str) -> Iterator[list[Line]]:
    """A connection to each of the gateways; the stream that a call is in tells them apart."""
    _, port = served.address("gateway")
    found: dict[str, Line] = {}
    until = time.monotonic() + 20
    while len(found) < GATEWAYS:
        assert time.monotonic() < until
        line = Line(port)
        status, _, stream = line.call(key)
        if status == 200 and stream not in found:
            found[stream] = line
        else:  # one that we have, or that has not heard of the key yet
            line.close()
    yield list(found.values())
    for line in found.values():
        line.close()


@contextmanager
def running(
    start: Start, url: str, wire: str = "", **settings: object
) -> Iterator[tuple[Served, Control, str]]:
    """Gateways on that database, what to change their directory with, and the key of an agent.

    They reach it by the wire, if there is one.
    """
    if url:
        settings["STORAGE_URL"] = wire or url
    served = start(WORKERS_COUNT=GATEWAYS, **settings)
    served.wait(lambda: len(served.ready()) == len(ORDER) - 1 + GATEWAYS)
    loaded = load_config(data=served.data, environment={"GATEBOOK_STORAGE_URL": url} if url else {})
    with (
        serving(SimulatedProvider(SystemClock(), system_entropy)) as port,
        open_control(loaded) as control,
    ):
        order(
            control,
            "add_provider",
            provider="vendor",
            key=Secret("sk-vendor"),
            base_url=f"http://127.0.0.1:{port}/v1",
        )
        key = enroll(control, "first")
        with closing(Line(served.address("gateway")[1])) as line:
            served.wait(lambda: line.call(key)[0] == 200)
        yield served, control, key
    assert served.end() == 0


def revoke_again_and_again(served: Served, control: Control, key: str) -> list[float]:
    """Seconds from giving an order until the last call that each process admitted after it."""
    taken = []
    with lines(served, key) as gateways, ThreadPoolExecutor(GATEWAYS) as pool:
        for number in range(ROUNDS):
            name = f"agent-{number}"
            fresh = enroll(control, name)
            for gateway in gateways:
                served.wait(partial(gateway.is_admitted, fresh))
            asking = [pool.submit(gateway.last_admitted, fresh) for gateway in gateways]
            time.sleep(0.1)
            began = time.monotonic()
            order(control, "revoke_key", agent=name, cause="leaked")
            taken += [max(0.0, each.result(30) - began) for each in asking]
    return sorted(taken)


def check(how: str, taken: list[float]) -> None:
    p50, p99 = (taken[round(share * (len(taken) - 1))] for share in (0.5, 0.99))
    print(f"\n{how}: last call admitted after p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms")
    assert p99 < LIMIT_SECONDS


def unsecret(url: str) -> str:
    """A URL as settings take it: without a password, not even none."""
    return url.replace(":@", "@")


def test_a_revocation_reaches_every_process_on_sqlite(start: Start) -> None:
    with running(start, "") as (served, control, key):
        check("SQLite", revoke_again_and_again(served, control, key))


def test_a_revocation_reaches_every_process_by_notification(
    start: Start, postgresql_url: str
) -> None:
    url = unsecret(postgresql_url)
    # So that it is not the poll that brings it.
    with running(start, url, GATEWAY_SNAPSHOT_POLL_MS=1000) as (served, control, key):
        taken = revoke_again_and_again(served, control, key)
    check("PostgreSQL", taken)
    assert taken[len(taken) // 2] < 0.25


def test_a_revocation_reaches_every_process_when_notifications_do_not(
    start: Start, postgresql_url: str
) -> None:
    with DatabaseWire(postgresql_url) as wire:
        wire.state = "deaf"
        with running(start, unsecret(postgresql_url), wire.url) as (served, control, key):
            taken = revoke_again_and_again(served, control, key)
        assert wire.listeners >= GATEWAYS
    check("PostgreSQL, notifications cut", taken)


@pytest.mark.parametrize("state", ["held up", "cut"])
def test_calls_are_refused_while_nobody_can_say_whether_a_key_was_revoked(
    start: Start, postgresql_url: str, state: State
) -> None:
    url, stale = unsecret(postgresql_url), {"GATEWAY_SNAPSHOT_STALE_SECONDS": 2}
    with (
        DatabaseWire(postgresql_url) as wire,
        running(start, url, wire.url, **stale) as (served, _, key),
        lines(served, key) as gateways,
        ThreadPoolExecutor(GATEWAYS) as pool,
    ):
        wire.state = state
        began = time.monotonic()
        refused = [partial(each.is_refused, key, "directory_unavailable") for each in gateways]
        list(pool.map(served.wait, refused))
        print(f"\n{state}: all refuse after {time.monotonic() - began:.1f} s")
        wire.state = "whole"
        list(pool.map(served.wait, [partial(each.is_admitted, key) for each in gateways]))
        served.wait(lambda: [each["behind"] for each in served.lines("status")] == [0] * GATEWAYS)
