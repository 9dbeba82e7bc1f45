"""Who a caller is by address, on real sockets: no word of its own changes it, nor behind nginx."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gatebook.app.config import Config
from gatebook.app.gate_server import gate_config
from gatebook.storage.database import open_database
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import Answer
from gatebook.web.settings import ProxySettings
from tests.functional.test_scope import enroll
from tests.gates import RunningGate, ServerThread, open_running_gate
from tests.proxies import Nginx, needs_nginx, open_nginx
from tests.raw import hear, request

CLAIMS = [
    [],
    [b"X-Forwarded-For: 10.9.9.9"],
    [b"X-Forwarded-For: 127.0.0.1"],
    [b"X-Forwarded-For: 10.9.9.9, 127.0.0.1"],
    [b"X-Forwarded-For: 10.9.9.9", b"X-Forwarded-For: 10.8.8.8"],
    [b"x-forwarded-for: 10.9.9.9", b"X-FORWARDED-FOR: nonsense"],
    [b"X-Forwarded-For:"],
    [b"X-Real-IP: 10.9.9.9", b"Forwarded: for=10.9.9.9", b"True-Client-IP: 10.9.9.9"],
    [b"CF-Connecting-IP: 10.9.9.9", b"X-Client-IP: 10.9.9.9", b"X-Cluster-Client-IP: 10.9.9.9"],
]
each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: b", ".join(claim).decode())


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells everybody who they are."""
    if scope["type"] == "lifespan":
        await keep_alive(receive, send)
        return
    exchange = Exchange(scope, receive, send)
    await exchange.answer(Answer(200, [], str(exchange.client_address).encode()))


@contextmanager
def telling(*trusted: str) -> Iterator[ServerThread]:
    """That application behind the gate's own listener, which trusts these proxies."""
    server = ServerThread(gate_config(tell, Config(proxies=ProxySettings(trusted=trusted))))  # type: ignore[arg-type]  # any application
    yield server
    server.stop()


def told(line: socket.socket, claim: list[bytes]) -> str:
    """Who the gate says is asking."""
    fields = [b"GET / HTTP/1.1", b"Host: x", *claim]
    line.sendall(b"\r\n".join(fields) + b"\r\n\r\n")
    return hear(line).body.decode()


def ask(server: ServerThread, claim: list[bytes], own_address: str = "127.0.0.1") -> str:
    """The same, asked directly from an address of this machine."""
    there = ("127.0.0.1", server.port)
    with socket.create_connection(there, timeout=10, source_address=(own_address, 0)) as line:
        return told(line, claim)


@pytest.fixture(scope="module")
def nobodys_gate() -> Iterator[ServerThread]:
    """A gate that believes nobody."""
    with telling() as server:
        yield server


@pytest.fixture(scope="module")
def proxied_gate() -> Iterator[ServerThread]:
    """A gate that has a proxy at 127.0.0.1, and one in each of two networks."""
    with telling("127.0.0.1", "127.1.0.0/16", "fd00::/8") as server:
        yield server


@each_claim
def test_without_proxies_everybody_is_who_connects(
    nobodys_gate: ServerThread, claim: list[bytes]
) -> None:
    assert ask(nobodys_gate, claim) == "127.0.0.1"
    assert ask(nobodys_gate, claim, "127.0.0.2") == "127.0.0.2"


@each_claim
def test_whoever_is_no_proxy_is_who_connects(
    proxied_gate: ServerThread, claim: list[bytes]
) -> None:
    assert ask(proxied_gate, claim, "127.0.0.2") == "127.0.0.2"


@pytest.mark.parametrize(
    ("claim", "client"),
    [
        ([], "127.0.0.1"),
        ([b"X-Forwarded-For: 203.0.113.9"], "203.0.113.9"),
        ([b"X-Forwarded-For: 10.9.9.9, 203.0.113.9, 127.1.2.3"], "203.0.113.9"),
        # A proxy that adds a field of its own below those of the client, as HAProxy does.
        ([b"X-Forwarded-For: 10.9.9.9", b"X-Forwarded-For: 203.0.113.9"], "203.0.113.9"),
        ([b"X-Forwarded-For: 2001:db8::1, fd00::1"], "2001:db8::1"),
        ([b"X-Forwarded-For: 203.0.113.9, unknown"], "127.0.0.1"),
        ([b"Forwarded: for=203.0.113.9", b"X-Real-IP: 203.0.113.9"], "127.0.0.1"),
    ],
)
def test_a_proxy_is_believed_about_the_last_hop_that_is_no_proxy(
    proxied_gate: ServerThread, claim: list[bytes], client: str
) -> None:
    assert ask(proxied_gate, claim) == client


@pytest.fixture(scope="module")
def nginx_before_it(
    proxied_gate: ServerThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nginx]:
    """nginx before the gate with proxies."""
    with open_nginx(proxied_gate.port, tmp_path_factory.mktemp("nginx")) as running:
        yield running


@needs_nginx
@each_claim
def test_behind_nginx_a_client_is_who_connects_to_nginx(
    nginx_before_it: Nginx, claim: list[bytes]
) -> None:
    for own_address in ("127.0.0.2", "127.0.0.3"):
        with nginx_before_it.connected(own_address) as line:
            assert told(line, claim) == own_address


# -- the source addresses of an agent's scope ------------------------------------------------------


@pytest.fixture(scope="module")
def bound_gate(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGate]:
    """A gate with a proxy at 127.0.0.1, and an agent that may call from 127.0.0.2 only."""
    path = tmp_path_factory.mktemp("bound") / "gatebook.db"
    shutil.copyfile(sqlite_template, path)
    proxies = ProxySettings(trusted=("127.0.0.1",))
    with (
        closing(open_database(f"sqlite:///{path}")) as database,
        open_running_gate(database, proxies=proxies) as gate,
    ):
        gate.key = enroll(gate, "bound", source=["127.0.0.2"])
        yield gate


def verdict(line: socket.socket, gate: RunningGate, claim: list[bytes]) -> tuple[int, str]:
    line.sendall(request(gate, *claim))
    heard = hear(line)
    return heard.status, "" if heard.status == 200 else heard.code


@each_claim
def test_no_claim_lets_an_agent_call_from_elsewhere(
    bound_gate: RunningGate, claim: list[bytes]
) -> None:
    """And none keeps it from where it may."""
    forged = [field.replace(b"10.9.9.9", b"127.0.0.2") for field in claim]
    for own_address, expected in (("127.0.0.3", (403, "ip_not_allowed")), ("127.0.0.2", (200, ""))):
        there, here = ("127.0.0.1", bound_gate.port), (own_address, 0)
        with socket.create_connection(there, timeout=10, source_address=here) as line:
            assert verdict(line, bound_gate, forged) == expected


@pytest.fixture(scope="module")
def nginx_before_bound(
    bound_gate: RunningGate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nginx]:
    """nginx before the gate with that agent."""
    with open_nginx(bound_gate.port, tmp_path_factory.mktemp("nginx")) as running:
        yield running


@needs_nginx
@each_claim
def test_nor_does_it_behind_nginx(
    bound_gate: RunningGate, nginx_before_bound: Nginx, claim: list[bytes]
) -> None:
    forged = [field.replace(b"10.9.9.9", b"127.0.0.2") for field in claim]
    for own_address, expected in (("127.0.0.3", (403, "ip_not_allowed")), ("127.0.0.2", (200, ""))):
        with nginx_before_bound.connected(own_address) as line:
            assert verdict(line, bound_gate, forged) == expected
