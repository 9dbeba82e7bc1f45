"""Which addresses calls may be sent to, as far as the address itself tells.

What a host name resolves to is checked by whoever connects, each time (names change).
"""

from ipaddress import IPv6Address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from gatebook.core.addresses import Address, is_loopback, read_host, why_not_called
from gatebook.core.errors import Invalid

_PORTS: Final = {"http": 80, "https": 443}


class ApiUrl(NamedTuple):
    """The address of an API, read."""

    scheme: str
    host: Address | str
    port: int
    path: str
    """Without a slash at its end."""

    @property
    def authority(self) -> str:
        """Host and, unless it is the usual one, port, as a Host header has them."""
        host = f"[{self.host}]" if isinstance(self.host, IPv6Address) else str(self.host)
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_api_url(url: str) -> ApiUrl:
    """The address of an API as an SDK takes it; raises Invalid for what can be read otherwise."""
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        raise _invalid("The address holds unusual characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _invalid("The address cannot be read.") from None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise _invalid("The address has to begin with https:// and a host.")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise _invalid("The address holds no user, no query and no fragment.")
    host = _host(parts.hostname, is_bracketed="[" in parts.netloc)
    return ApiUrl(parts.scheme, host, port or _PORTS[parts.scheme], parts.path.rstrip("/"))


def check_target(url: str, *, plain_http: bool) -> None:
    """Raise Invalid unless calls with a credential may be sent to `url`.

    Without `plain_http`, http:// is for this machine only. Addresses that no server has, and those
    at which clouds hand out the credentials of a host, are refused.
    """
    scheme, host, _, _ = read_api_url(url)
    if isinstance(host, str):
        here = host == "localhost"
    else:
        here = is_loopback(host)
        if what := why_not_called(host):
            raise _invalid(f"Calls do not go to {host}: it is {what}.")
    if scheme == "http" and not (here or plain_http):
        raise _invalid("http:// would send the key in the clear.", "Use https:// or --plain-http.")


def _host(text: str, *, is_bracketed: bool) -> Address | str:
    try:
        host = read_host(text)
    except ValueError:
        host = ""
    if not host or is_bracketed != isinstance(host, IPv6Address):
        raise _invalid(
            "The host of the address is spelled in a way that not everybody reads alike.",
            "Write a name, 10.0.0.5 or [2001:db8::5]; names beyond ASCII as xn--...",
        )
    return host


def _invalid(detail: str, hint: str = "") -> Invalid:
    return Invalid("provider_url", detail, hint or "Such as https://api.openai.com/v1")
