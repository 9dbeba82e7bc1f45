"""Which addresses calls may be sent to, as far as the address itself tells.

What a host name resolves to is checked by whoever connects, each time (names change).
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from gatebook.core.errors import Invalid

_NAT64: Final = IPv6Network("64:ff9b::/96")
"""RFC 6052; the standard library does not know it (Python 3.11)."""


def check_target(url: str, *, plain_http: bool) -> None:
    """Raise Invalid unless calls with a credential may be sent to `url`.

    Without `plain_http`, http:// is for this machine only. Link-local addresses, where clouds hand
    out the credentials of the host, are refused.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _invalid("The address cannot be read.") from None
    if parts.scheme not in {"https", "http"} or not host:
        raise _invalid("The address has to begin with https:// and a host.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise _invalid("The address holds no user, no query and no fragment.")
    address = _address(host)
    if address is not None and (address.is_link_local or address.is_multicast):
        raise _invalid("The address is link-local or multicast.")
    here = host == "localhost" or (address is not None and address.is_loopback)
    if parts.scheme == "http" and not (here or plain_http):
        raise _invalid("http:// would send the key in the clear.", "Use https:// or --plain-http.")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address a host is written as; where IPv6 wraps an IPv4 address, that one."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _invalid(detail: str, hint: str = "") -> Invalid:
    return Invalid("provider_url", detail, hint or "Such as https://api.openai.com/v1")
