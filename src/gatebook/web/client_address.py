"""Whose request it is, by address: the peer's, unless the peer is a proxy that we were told of.

A proxy adds whom it speaks for at the end of X-Forwarded-For, behind whatever was there before. So
the list is read from its end, and the first address that is no proxy of ours is the client's: what
stands before it was written by the client or by somebody we know nothing of.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address
from typing import Final

from gatebook.core.addresses import Address, read_address
from gatebook.core.errors import Misconfigured
from gatebook.policy.sources import Network, read_network

# As some proxies write an address; an IPv6 one may also stand there bare.
_WITH_PORT: Final = re.compile(r"(?:\[([0-9a-fA-F]*:[0-9a-fA-F:.]*)\]|([0-9.]+))(?::[0-9]{1,5})?")


def client_address(
    peer: Address, forwarded: Iterable[bytes], proxies: Sequence[Network]
) -> Address:
    """The address of the client; `forwarded` are the X-Forwarded-For fields, in their order.

    Fields of one name mean what one field with their values in a row does (RFC 9110, 5.3). Where
    the list holds something else than addresses, it is the peer's own that counts.
    """
    here = _plain(peer)
    if not _is_among(here, proxies):
        return here
    farthest = here
    for text in reversed(b",".join(forwarded).split(b",")):
        hop = _hop(text.strip(b" \t").decode("latin-1"))
        if hop is None:
            return here
        if not _is_among(hop, proxies):
            return hop
        farthest = hop
    return farthest


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks of the proxies; raises Misconfigured."""
    return tuple(map(_network, texts))


def _network(text: str) -> Network:
    network = read_network(text)
    if network is None:
        raise Misconfigured(
            "proxies_unclear",
            f"{text!r} in proxies.trusted is no network, or has bits set beyond its prefix.",
            "Write an address or a network, such as 10.0.0.5 or 10.1.0.0/16.",
        )
    if network.prefixlen == 0:
        raise Misconfigured(
            "proxies_everybody",
            f"{text} in proxies.trusted would let everybody say who they are.",
            "Name the addresses of your proxies.",
        )
    return network


def _hop(text: str) -> Address | None:
    found = _WITH_PORT.fullmatch(text)
    address = read_address(found[1] or found[2] if found else text)
    return None if address is None else _plain(address)


def _plain(address: Address) -> Address:
    """An IPv4 address that IPv6 carries, as what it is: networks are written so."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_among(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
