"""Who a caller is by address, on real sockets: no word of its own changes it, nor behind nginx."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gatebook.app.config import Config
from gatebook.app.gateway import gate_config
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import Answer
from gatebook.web.settings import ProxySettings
from tests.gates import ServerThread
from tests.proxies import Nginx, needs_nginx, open_nginx
from tests.raw import hear

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
