"""Networks as scopes are written in them, and whether an address is in one."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

from gatebook.core.addresses import read_address

Network = IPv4Network | IPv6Network

ANYWHERE: Final = ("0.0.0.0/0", "::/0")

_MAPPED: Final = IPv6Network("::ffff:0:0/96")


class Sources:
    """Networks that calls may come from."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks: Sequence[Network] = tuple(networks)
        self.are_all = {str(network) for network in self._networks} >= set(ANYWHERE)
        """Whether there is no address outside."""

    def hold(self, address: str) -> bool:
        """Whether an address is in one of them; what is no address is in none."""
        found = read_address(address.partition("%")[0])  # a link-local peer has a zone (RFC 4007)
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped  # how a listener for both versions writes an IPv4 caller
        return found is not None and any(found in network for network in self._networks)


def read_network(text: str) -> Network | None:
    """The network that a text means in CIDR form, or the one address; None if it means none.

    IPv4 is written as IPv4: callers are compared so, however their address is mapped.
    """
    try:
        network = ip_network(text)
    except ValueError:
        return None
    is_mapped = isinstance(network, IPv6Network) and network.subnet_of(_MAPPED)
    return None if is_mapped else network
