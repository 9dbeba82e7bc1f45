"""200 calls at once on four gates that share a database, while agents hang up and gates are killed.

Whatever happens: what is settled and what is reserved never passes a limit together, a budget for
one call admits one, and the book says the same as the limits.
"""

import asyncio
import json
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import httpx
import pytest

from gatebook.core.clock import SECOND_US, SystemClock
from gatebook.core.secret import Secret
from gatebook.policy.limits.bounds import Window
from gatebook.policy.limits.leases import Account
from gatebook.storage.database import Database, open_database
from gatebook.storage.leases import SqlLeases
from tests.accounts import every_account
from tests.books import read_book
from tests.fault.limited_gate import SharedClock
from tests.gates import SimulatedVendor, chat
from tests.office import Office, open_office

GATES: Final = 4
CALLS: Final = 200
LEASE_SECONDS: Final = 3


class Gate:
    """A gate in a process of its own."""

    def __init__(self, url: str, began_us: int, limits: dict[str, int]) -> None:
        settings = json.dumps({"lease_seconds": LEASE_SECONDS, **limits})
        program = [sys.executable, "-m", "tests.fault.limited_gate", url, str(began_us), settings]
        self.process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


class Site:
    """Gates that share a database, the vendor they call and the agent that calls."""

    def __init__(self, stack: ExitStack, database: Database, **limits: int) -> None:
        self.url = database.engine.url.render_as_string(hide_password=False)
        self.office: Office = stack.enter_context(open_office(database))
        self.database = database
        self.vendor = SimulatedVendor()
        stack.callback(self.vendor.stop)
        self.began_us = SystemClock().monotonic_us()
        self.clock = SharedClock(self.began_us)
        key = Secret("sk-provider-0123456789")
        self.office.order("add_provider", provider="sim", key=key, base_url=self.vendor.url)
        answer = self.office.enroll(name="bot", model=["gpt-*", "sim-*"])
        assert answer.shown_once is not None
        self.key = answer.shown_once.reveal()
        self.settings = limits
        self.gates: list[Gate] = []

    def limit(self, text: str) -> str:
        """Set a limit on the agent; its id."""
        return self.office.order("set_limit", limit=text, agent="bot").values["id"]

    def start(self, count: int) -> None:
        """Start some gates."""
        for _ in range(count):
            self.gates.append(Gate(self.url, self.began_us, self.settings))

    def end(self) -> None:
        """End all gates in order."""
        for gate in self.gates:
            gate.end()
        self.gates.clear()

    @property
    def accounts(self) -> dict[Window, Account]:
        """What the database holds of limits."""
        return every_account(self.database)

    def facts(self, name: str) -> list[dict[str, Any]]:
        """What the entries of one kind say, in the book of all gates."""
        return [
            kept.header["d"]
            for stream in read_book(self.database).values()
            for kept in stream
            if kept.event == name
        ]


@pytest.fixture
def site(database: Database) -> Iterator[Site]:
    """A site whose gates are still to be started."""
    with ExitStack() as stack:
        made = Site(stack, database)
        stack.callback(made.end)
        yield made


class Watch:
    """Looks again and again whether an account is over its limit."""

    def __init__(self, site: Site, amounts: dict[str, int]) -> None:
        self.worst: list[tuple[Window, Account]] = []
        self.looks = 0
        self._amounts = amounts
        self._database = open_database(site.url, wait_seconds=30)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._database.close()

    def _look(self) -> None:
        while not self._is_over.wait(0.01):
            found = every_account(self._database)
            self.looks += 1
            self.worst += [
                (window, account)
                for window, account in found.items()
                if account.used + account.leased > self._amounts[window.limit]
            ]


async def call(client: httpx.AsyncClient, site: Site, number: int, chance: random.Random) -> str:
    """One call on some gate, which may be cut at any time; what came of it."""
    model = chance.choice(["gpt-4o", "sim-slow-0.3", "sim-slow-1", "sim-usage-none"])
    body = chat(model, stream=number % 2 == 0, max_tokens=chance.choice([10, 50, 200]))
    headers = {"Authorization": f"Bearer {site.key}"}
    url = f"{chance.choice(site.gates).url}/v1/chat/completions"
    try:
        async with client.stream("POST", url, json=body, headers=headers) as answer:
            if chance.random() < 0.3:
                async for _ in answer.aiter_raw():
                    return "left"
            await answer.aread()
            return str(answer.status_code)
    except httpx.HTTPError:
        return "cut"


async def fire(site: Site, *, kills: int) -> Counter[str]:
    """All calls within two seconds, while some gates are killed and started anew."""
    chance = random.Random(1)
    limits = httpx.Limits(max_connections=CALLS)
    async with httpx.AsyncClient(verify=False, timeout=30, limits=limits) as client:

        async def later(number: int) -> str:
            await asyncio.sleep(chance.random() * 2)
            return await call(client, site, number, chance)

        calls = [asyncio.ensure_future(later(number)) for number in range(CALLS)]
        for _ in range(kills):
            await asyncio.sleep(0.6)
            victim = site.gates.pop(chance.randrange(len(site.gates)))
            await asyncio.to_thread(victim.end, signal.SIGKILL)
            await asyncio.to_thread(site.start, 1)
        return Counter(await asyncio.gather(*calls))


def book_says(site: Site, limit: str, charged: str, reserved: str) -> int:
    """What a limit's calls have used by the book: intents without an outcome as they were."""
    outcomes = {fact["call"]: fact for fact in site.facts("call.concluded")}
    return sum(
        outcomes[intent["call"]].get(charged, 0)
        if intent["call"] in outcomes
        else intent.get(reserved, 0)
        for intent in site.facts("call.intended")
        if limit in intent.get("limits", ())
    )


@pytest.mark.long
def test_no_limit_is_passed_under_disconnects_and_kills(site: Site) -> None:
    for model in ("gpt-*", "sim-*"):
        site.office.order("set_price", model=model, input="1", output="2")
    money, tokens = site.limit("0.05usd/month"), site.limit("60000tokens/day")
    slots = site.limit("40concurrent")
    amounts = {money: 50_000, tokens: 60_000, slots: 40}
    site.start(GATES)
    with Watch(site, amounts) as watch:
        outcomes = asyncio.run(fire(site, kills=2))
        site.end()
        later_us = site.clock.now_us() + (LEASE_SECONDS + 1) * SECOND_US
        last = SqlLeases(site.database, "hld_last", now_us=lambda _: later_us, lease_seconds=1)
        last.exchange([], [])
    assert watch.looks > 50
    assert watch.worst == []
    found = {window.limit: account for window, account in site.accounts.items()}
    assert [account.leased for account in found.values()] == [0, 0, 0]
    for limit, charged, reserved in (
        (money, "charged_micros", "reserved_micros"),
        (tokens, "charged_tokens", "reserved_tokens"),
    ):
        account = found[limit]
        said = book_says(site, limit, charged, reserved)
        assert account.used - account.lost <= said <= account.used <= amounts[limit]
    assert outcomes["200"] > 10
    assert outcomes["429"] > 10


@pytest.mark.long
def test_a_budget_for_one_call_admits_one_of_200(database: Database) -> None:
    with ExitStack() as stack:
        site = Site(stack, database, unpriced_call_micros=7000)
        site.office.order("set_price", model="gpt-*", input="0", output="700")
        site.limit("0.007usd/month")
        other = site.office.enroll(name="other", model=["sim-*"])
        site.office.order("set_limit", limit="0.007usd/month", agent="other")
        assert other.shown_once is not None
        site.start(GATES)
        stack.callback(site.end)
        with_price = asyncio.run(all_at_once(site, site.key, "gpt-4o"))
        without = asyncio.run(all_at_once(site, other.shown_once.reveal(), "sim-usage-none"))
        assert with_price == without == {200: 1, 429: CALLS - 1}
        assert [seen.method for seen in site.vendor.provider.seen].count("POST") == 2


async def all_at_once(site: Site, key: str, model: str) -> Counter[int]:
    """The same call so many times on all gates; the statuses."""
    limits = httpx.Limits(max_connections=CALLS)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(verify=False, timeout=60, limits=limits) as client:
        calls = [
            client.post(
                f"{site.gates[number % GATES].url}/v1/chat/completions",
                json=chat(model, max_tokens=10),
                headers=headers,
            )
            for number in range(CALLS)
        ]
        return Counter(answer.status_code for answer in await asyncio.gather(*calls))
