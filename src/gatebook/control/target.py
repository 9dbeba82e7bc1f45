"""Which addresses calls may be sent to, as far as the address itself tells.

What a host name resolves to is checked by whoever connects, each time (names change).
"""

from urllib.parse import urlsplit

from gatebook.core.addresses import is_loopback, may_reach, read_address
from gatebook.core.errors import Invalid


def check_target(url: str, *, plain_http: bool) -> None:
    """Raise Invalid unless calls with a credential may be sent to `url`.

    Without `plain_http`, http:// is for this machine only. Addresses at which clouds hand out the
    credentials of the host are refused.
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
    address = read_address(host)
    if address is not None and not may_reach(host):
        raise _invalid("The address is no host's, or one at which clouds hand out credentials.")
    here = host == "localhost" or (address is not None and is_loopback(address))
    if parts.scheme == "http" and not (here or plain_http):
        raise _invalid("http:// would send the key in the clear.", "Use https:// or --plain-http.")


def _invalid(detail: str, hint: str = "") -> Invalid:
    return Invalid("provider_url", detail, hint or "Such as https://api.openai.com/v1")
