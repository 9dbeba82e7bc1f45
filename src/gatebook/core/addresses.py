"""Which addresses calls go to, and the one way in which a host may be spelled.

Calls go to networks in which servers are, and not where clouds hand out credentials. Private
addresses are called like any other: models are run at home too. Sources: the IANA registries of
special-purpose addresses (RFC 6890), and the vendors' pages named below.
"""

import re
from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
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
        IPv6Address("fd00:a9fe:a9fe::1"),  # Akamai (Linode): Metadata Service
        IPv6Address("fd00:42::42"),  # Scaleway: Instances, instance metadata
    )
)
_LINK_LOCAL: Final = IPv4Network("169.254.0.0/16")  # RFC 3927
_LOOPBACK: Final = IPv6Address("::1")
# Networks without servers to call. Of IPv6 they are those within the networks of servers below,
# and two more whose names say why.
_OTHERS: Final = tuple(
    (ip_network(network), what)
    for network, what in (
        ("0.0.0.0/8", "of this network"),  # RFC 791, 3.2; the system takes 0.0.0.0 for itself
        ("192.0.0.0/24", "kept for protocols"),  # RFC 6890
        ("192.0.2.0/24", "for documentation"),  # RFC 5737
        ("192.88.99.0/24", "of a relay for tunnels"),  # RFC 7526
        ("198.18.0.0/15", "for benchmarks"),  # RFC 2544
        ("198.51.100.0/24", "for documentation"),  # RFC 5737
        ("203.0.113.0/24", "for documentation"),  # RFC 5737
        ("224.0.0.0/4", "multicast"),  # RFC 5771
        ("240.0.0.0/4", "reserved"),  # RFC 1112, 4; the broadcast address among them
        ("fe80::/10", "link-local"),  # RFC 4291, 2.5.6
        ("ff00::/8", "multicast"),  # RFC 4291, 2.7
        ("2001::/23", "kept for protocols"),  # RFC 2928; Teredo, benchmarks, ORCHID among them
        ("2001:db8::/32", "for documentation"),  # RFC 3849
        ("3fff::/20", "for documentation"),  # RFC 9637
    )
)
# Networks whose addresses have an IPv4 one as their last 32 bits.
_EMBEDDING: Final = (
    IPv6Network("::/96"),  # IPv4-compatible (RFC 4291, 2.5.5.1)
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped (RFC 4291, 2.5.5.2)
    IPv6Network("::ffff:0:0:0/96"),  # IPv4-translated (RFC 6145, 1.3; SIIT)
    IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
)
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")  # RFC 8215, with prefixes of any length
_SERVERS: Final = (
    *_EMBEDDING,
    _LOCAL_NAT64,
    IPv6Network("2000::/3"),  # global unicast (RFC 4291, 2.4)
    IPv6Network("fc00::/7"),  # private (RFC 4193)
)
_ISATAP: Final = 0x0000_5EFE  # RFC 5214, 6.1; the bits for local and group may be set
_ISATAP_MASK: Final = 0xFCFF_FFFF

_LABEL: Final = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NAME_LENGTH: Final = 253
# What some readers take for an IPv4 address: whatever ends in a number (WHATWG URL, 3.5).
_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


def read_host(text: str) -> Address | str:
    """The address or the name, in lower case, that the host of a URL is; raises ValueError.

    Refused is what two readers could take for two hosts: numbers that only some read as an IPv4
    address (127.1, 0x7f.1, 2130706433, 0177.0.0.1), zones, dots at the end, and whatever is not
    ASCII, which IDNA maps in more than one way.
    """
    address = read_address(text)
    if address is not None:
        return address
    name = text.lower() if text.isascii() else ""
    if len(name) > _NAME_LENGTH or not _NAME.fullmatch(name) or _NUMBER.fullmatch(name):
        raise ValueError("neither an address nor a name")
    return name


def read_address(text: str) -> Address | None:
    """The address that a text is, in the one spelling everybody reads alike; None if it is none."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def may_reach(address: str) -> bool:
    """Whether calls go to an address.

    Asked for each connection, because a name may lead elsewhere tomorrow (DNS rebinding).
    """
    found = read_address(address)
    return found is not None and not why_not_called(found)


def why_not_called(address: Address) -> str:
    """What an address is that calls do not go to; empty if they do."""
    if _hands_out(address):
        return "one at which clouds hand out credentials"
    for network, what in _OTHERS:
        if address in network:
            return what
    if isinstance(address, IPv4Address) or address == _LOOPBACK:
        return ""
    for inner in _embedded(address):
        if what := why_not_called(inner):
            return f"a way to {inner}, which is {what}"
    if address in _LOCAL_NAT64 and any(map(_hands_out, _placed(address))):
        return "a way to where clouds hand out credentials"
    return "" if any(address in network for network in _SERVERS) else "in no network of servers"


def is_loopback(address: Address) -> bool:
    """Whether an address is of this machine, also as IPv6 writes an IPv4 one."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _hands_out(address: Address) -> bool:
    return address in _CREDENTIALS or address in _LINK_LOCAL


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that a tunnel or a translator takes a call to."""
    if address.sixtofour is not None:
        yield address.sixtofour
    is_isatap = int(address) >> 32 & _ISATAP_MASK == _ISATAP
    if is_isatap or any(address in network for network in _EMBEDDING):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)


def _placed(address: IPv6Address) -> Iterator[IPv4Address]:
    """Where an IPv4 address may stand: behind 48, 56, 64 or 96 bits, octet 8 left out.

    Which of them it is depends on the network's own prefix (RFC 6052, 2.2), and a translator need
    not look at what follows.
    """
    octets = address.packed[:8] + address.packed[9:]
    for start in (6, 7, 8, 11):
        yield IPv4Address(octets[start : start + 4])
