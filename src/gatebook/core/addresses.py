"""Which addresses calls go to: those of hosts, and not where clouds hand out credentials.

Private addresses are a host's like any other: models are run at home too.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

# Where clouds hand out credentials and secrets at addresses that are not link-local, each as the
# vendor documents it; the addresses of hosts that an administrator may mean are not among them.
_CREDENTIALS: Final = frozenset(
    (
        IPv6Address("fd00:ec2::254"),  # AWS: EC2 User Guide, instance metadata service
        IPv6Address("fd00:ec2::23"),  # AWS: EKS User Guide, Pod Identity agent
        IPv6Address("fd20:ce::254"),  # Google: Compute Engine, metadata server
        IPv4Address("100.100.100.200"),  # Alibaba Cloud: ECS User Guide, instance metadata
        IPv4Address("192.0.0.192"),  # Oracle Cloud at Customer: Predefined Instance Metadata
        IPv6Address("fd00:c1::a9fe:a9fe"),  # Oracle Cloud: OCI Python SDK, instance principals
        IPv4Address("168.63.129.16"),  # Azure: What is IP address 168.63.129.16 (wire server)
    )
)
# Networks whose addresses have an IPv4 one as their last 32 bits.
_EMBEDDING: Final = (
    IPv6Network("::/96"),  # IPv4-compatible (RFC 4291, 2.5.5.1)
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped (RFC 4291, 2.5.5.2)
    IPv6Network("::ffff:0:0:0/96"),  # IPv4-translated (RFC 6145, 1.3; SIIT)
    IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
    IPv6Network("64:ff9b:1::/48"),  # NAT64 of one's own (RFC 8215), with prefixes of 96 bits
)
_ISATAP: Final = 0x0000_5EFE  # RFC 5214, 6.1; the bits for local and group may be set
_ISATAP_MASK: Final = 0xFCFF_FFFF


def may_reach(address: str) -> bool:
    """Whether calls go to an address: not to one where clouds hand out credentials.

    Asked for each connection, because a name may lead elsewhere tomorrow (DNS rebinding).
    """
    found = read_address(address)
    if found is None or not _is_of_a_host(found):
        return False
    return isinstance(found, IPv4Address) or all(map(_is_of_a_host, _embedded(found)))


def read_address(text: str) -> Address | None:
    """The address that a text is, with or without the zone of RFC 4007; None for a name."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def is_loopback(address: Address) -> bool:
    """Whether an address is of this machine, also as IPv6 writes an IPv4 one."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _is_of_a_host(address: Address) -> bool:
    return not (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address in _CREDENTIALS
    )


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that a tunnel or a translator may take a call to."""
    if address.sixtofour is not None:
        yield address.sixtofour
    yield from address.teredo or ()
    is_isatap = int(address) >> 32 & _ISATAP_MASK == _ISATAP
    if is_isatap or any(address in network for network in _EMBEDDING):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
