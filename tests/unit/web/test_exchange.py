"""Where a request comes from is what the socket says, unless a trusted proxy says more."""

from typing import Any

import pytest

from gatebook.web.client_address import read_networks
from gatebook.web.exchange import Exchange
from gatebook.web.problem import problem
from gatebook.web.server import Edge

CLAIMED = (b"x-forwarded-for", b"198.51.100.1")


class HandConnection:
    """A peer, as the listener knows it."""

    def __init__(self, peer: str | None, *proxies: str) -> None:
        self.client = None if peer is None else (peer, 5000)
        networks = read_networks(proxies)
        self.edge = Edge(
            connections=1, head_seconds=1, body_seconds=1, refusal=problem, proxies=networks
        )


def exchange(connection: HandConnection, *headers: tuple[bytes, bytes]) -> Exchange:
    """A request of that peer."""

    async def unused(*_: Any) -> Any:
        raise AssertionError("nothing is read or answered here")

    state = {"connection": connection, "cycle": None}
    scope = {"method": "GET", "raw_path": b"/", "query_string": b"", "headers": [*headers]}
    return Exchange({**scope, "state": state}, unused, unused)


@pytest.mark.parametrize(
    ("peer", "proxies", "client"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["10.0.0.0/8"], "192.0.2.7"),
        ("10.0.0.1", ["10.0.0.0/8"], "198.51.100.1"),
        ("fe80::1%eth0", [], "fe80::1"),
        ("fe80::1%eth0", ["fe80::/10"], "198.51.100.1"),
        (None, ["10.0.0.0/8"], ""),
    ],
)
def test_only_a_trusted_proxy_may_name_another(
    peer: str | None, proxies: list[str], client: str
) -> None:
    assert exchange(HandConnection(peer, *proxies), CLAIMED).client_address == client


def test_fields_of_one_name_are_read_in_a_row() -> None:
    asked = exchange(HandConnection("10.0.0.1", "10.0.0.0/8"), CLAIMED, (CLAIMED[0], b"10.0.0.2"))
    assert asked.client_address == "198.51.100.1"
