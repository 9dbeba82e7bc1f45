"""Where calls go, and where they never do: the table of `tests/egress.py`, names that lead
elsewhere tomorrow, and redirects; on the client, on adding a provider, and through a gate.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from ipaddress import ip_address
from typing import Any

import pytest

from gatebook.control.commands import add_provider
from gatebook.core.addresses import may_reach
from gatebook.core.errors import Invalid
from gatebook.core.secret import Secret
from gatebook.storage.database import open_database
from gatebook.web.body import Receive
from gatebook.web.client import Client, NotCalled, NotSent, Origin
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import Answer
from tests.egress import CALLED, NOT_CALLED, Place
from tests.gates import PROVIDER_KEY, RunningGate, chat, error_of, eventually, open_running_gate
from tests.office import Office, open_office
from tests.servers import serving

METADATA = "169.254.169.254"
each_called = pytest.mark.parametrize("place", CALLED, ids=lambda place: place.name)
each_not_called = pytest.mark.parametrize("place", NOT_CALLED, ids=lambda place: place.name)


class Names:
    """A resolver that answers what it is told to, and may change its mind."""

    def __init__(self, *addresses: str) -> None:
        self.addresses: Sequence[str] = addresses
        self.asked: list[str] = []

    async def resolve(self, host: str) -> Sequence[str]:
        """The addresses of any name."""
        self.asked.append(host)
        return self.addresses


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a connection was asked for; none comes about."""
    asked: list[str] = []

    async def refuse(_: object, factory: object, host: str, *__: object, **___: object) -> None:
        asked.append(host)
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", refuse)
    return asked


async def connect(host: str, names: Names | None = None) -> None:
    """Have the real client connect to a host, as it stands in a URL."""
    client = Client(5, may_reach, names.resolve) if names else Client(5, may_reach)
    await client.connect(Origin(is_tls=True, host=host.strip("[]"), port=443))


def test_the_table_has_what_an_attacker_would_try() -> None:
    assert len(NOT_CALLED) >= 23
    assert len({place.host for place in (*CALLED, *NOT_CALLED)}) == len(CALLED) + len(NOT_CALLED)


# -- the client ------------------------------------------------------------------------------------


@each_called
async def test_the_client_connects_to_the_address_that_was_checked(
    place: Place, dialled: list[str]
) -> None:
    with pytest.raises(NotSent) as caught:
        await connect(place.host)
    assert not isinstance(caught.value, NotCalled)
    assert dialled == [str(ip_address(place.host.strip("[]")))]


@each_not_called
async def test_the_client_does_not_even_dial(place: Place, dialled: list[str]) -> None:
    with pytest.raises(NotCalled):
        await connect(place.host)
    assert dialled == []


async def test_a_name_is_looked_up_once_and_what_was_checked_is_dialled(
    dialled: list[str],
) -> None:
    names = Names("10.0.0.8", "fd00::8")
    with pytest.raises(NotSent):
        await connect("models.example", names)
    assert names.asked == ["models.example"]
    assert dialled == ["10.0.0.8", "fd00::8"]


@pytest.mark.parametrize(
    "addresses",
    [
        [METADATA],
        ["1.1.1.1", METADATA],
        [METADATA, "1.1.1.1"],
        ["1.1.1.1", "fe80::1%eth0"],
        ["1.1.1.1", "0.0.0.0"],
        ["1.1.1.1", "nonsense"],
    ],
)
async def test_one_address_that_is_not_called_refuses_the_name(
    addresses: list[str], dialled: list[str]
) -> None:
    """Else whoever answers for the name decides, by its order or by letting the others fail."""
    with pytest.raises(NotCalled):
        await connect("models.example", Names(*addresses))
    assert dialled == []


async def test_a_name_that_leads_nowhere_is_not_reached(dialled: list[str]) -> None:
    with pytest.raises(NotSent):
        await connect("models.example", Names())
    assert dialled == []


async def test_what_is_not_called_is_said_once_until_it_is_reached(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as here:
        where = Origin(False, "models.example", here.sockets[0].getsockname()[1])
        names = Names(METADATA)
        client = Client(5, may_reach, names.resolve)
        for addresses in ([METADATA], [METADATA], ["127.0.0.1"], [METADATA]):
            names.addresses = addresses
            try:
                (await client.connect(where)).abort()
            except NotCalled:
                continue
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == [f"nothing was sent to models.example: it leads to {METADATA}"] * 2


# -- adding a provider -----------------------------------------------------------------------------


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    """An office on SQLite."""
    with closing(open_database(sqlite_url)) as database, open_office(database) as opened:
        yield opened


def add(office: Office, base_url: str, name: str = "local", model: str = "*") -> None:
    office.order(
        "add_provider",
        provider=name,
        key=Secret(PROVIDER_KEY),
        base_url=base_url,
        model=[model],
        plain_http=True,
    )


def test_a_provider_in_the_table_is_added_or_refused(office: Office) -> None:
    for number, place in enumerate(CALLED):
        add(office, f"https://{place.host}/v1", f"p{number}")
    for place in NOT_CALLED:
        with pytest.raises(Invalid, match=place.why) as caught:
            add(office, f"https://{place.host}/v1")
        assert caught.value.code == "provider_url", place.name
    assert len(office.directory.providers) == len(CALLED)


# -- a running gate --------------------------------------------------------------------------------


def move(gate: RunningGate, base_urls: dict[str, str]) -> None:
    """Have these addresses serve a model each, checked by nobody, as if an older version had."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(add_provider, "check_target", lambda *_, **__: None)
        for model, base_url in base_urls.items():
            add(gate.office, base_url, model, model)
    gate.office.order("remove_provider", provider="simulated")
    revision = gate.office.directory.revision
    snapshots = gate.application._gate.snapshots
    eventually(lambda: snapshots.current().directory.revision == revision)


def client_of(gate: RunningGate) -> Any:
    return gate.application._gate.upstream._client


def test_a_provider_of_the_table_that_is_there_already_is_not_called(
    sqlite_gate: RunningGate,
) -> None:
    models = {f"gpt-{number}": place for number, place in enumerate(NOT_CALLED)}
    port = sqlite_gate.vendor_url.rpartition(":")[2]
    urls = {model: f"http://{place.host}:{port}/v1" for model, place in models.items()}
    move(sqlite_gate, urls)
    for model, place in models.items():
        response = sqlite_gate.ask(chat(model))
        status, _, code = error_of(response)
        at_use, at_reading = (503, "upstream_unavailable"), (500, "provider_url")
        assert (status, code) in (at_use, at_reading), place.name
        assert response.headers["x-should-retry"] == "false"
    assert sqlite_gate.provider.seen == []
    assert len(sqlite_gate.facts("call.concluded")) == len(NOT_CALLED)


def test_a_name_that_leads_elsewhere_tomorrow_is_not_called_any_more(
    sqlite_gate: RunningGate,
) -> None:
    """DNS rebinding: it was fine when the provider was added, and at the first call."""
    names = Names("127.0.0.1")
    client = client_of(sqlite_gate)
    client._resolve = names.resolve
    url = sqlite_gate.vendor_url.replace("127.0.0.1", "models.example") + "/v1"
    move(sqlite_gate, {"gpt-4o": url})
    assert sqlite_gate.ask().status_code == 200
    client.close()  # as four idle seconds do
    for addresses in ([METADATA], ["127.0.0.1", METADATA], ["::ffff:169.254.169.254"]):
        names.addresses = addresses
        refused = sqlite_gate.ask()
        assert error_of(refused) == (503, "server_error", "upstream_unavailable")
        assert refused.headers["x-should-retry"] == "false"
        assert METADATA not in refused.text
    assert len(sqlite_gate.provider.seen) == 1
    endings = [fact["ending"] for fact in sqlite_gate.facts("call.concluded")]
    assert endings == ["complete"] + ["upstream_unreachable"] * 3


def test_who_answers_is_looked_at_too(sqlite_gate: RunningGate) -> None:
    """Whatever the system made of the address that was dialled."""
    asked = []

    def only_before(address: str) -> bool:
        asked.append(address)
        return len(asked) == 1

    client_of(sqlite_gate)._may_reach = only_before
    assert error_of(sqlite_gate.ask()) == (503, "server_error", "upstream_unavailable")
    assert asked == ["127.0.0.1", "127.0.0.1"]
    assert sqlite_gate.provider.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_neither_followed_nor_passed_on(sqlite_url: str, status: int) -> None:
    """Whoever followed it would take the credential to wherever a provider says."""
    elsewhere: list[bytes] = []

    async def trap(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await keep_alive(receive, send)
            return
        exchange = Exchange(scope, receive, send)
        elsewhere.append(exchange.path)
        location = b"http://127.0.0.1:%d/elsewhere" % port
        await exchange.answer(Answer(status, [(b"location", location)], b"{}"))

    with (
        serving(trap) as port,
        closing(open_database(sqlite_url)) as database,
        open_running_gate(database, provider_url=f"http://127.0.0.1:{port}/v1") as gate,
    ):
        response = gate.ask()
        assert error_of(response) == (502, "server_error", "upstream_broken")
        assert "location" not in response.headers
        (outcome,) = gate.facts("call.concluded")
        assert (outcome["ending"], outcome["status"]) == ("upstream_broken", status)
    assert elsewhere == [b"/v1/chat/completions"]
