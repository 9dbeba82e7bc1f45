"""The egress table: how a host may be spelled, whether it is called, and why not.

It is run on the table of addresses, on the client, on adding a provider and on a running gate.
"""

from typing import Final, NamedTuple


class Place(NamedTuple):
    """One spelling of a host."""

    name: str
    host: str
    """As it stands in a URL."""
    why: str = ""
    """Why it is not called, in words of ours; empty if it is."""


_SPELLED = "not everybody reads alike"
_CREDENTIALS = "credentials"

CALLED: Final = (
    Place("this machine", "127.0.0.1"),
    Place("this machine, IPv6", "[::1]"),
    Place("this machine, mapped", "[::ffff:127.0.0.1]"),
    Place("a private network", "10.0.0.8"),
    Place("a carrier's network", "100.64.0.1"),
    Place("a private network, IPv6", "[fd12:3456:789a::1]"),
    Place("a private network by NAT64", "[64:ff9b::a00:8]"),
    Place("the internet", "1.1.1.1"),
    Place("the internet, IPv6", "[2606:4700:4700::1111]"),
)
NOT_CALLED: Final = (
    Place("link-local, IPv4", "169.254.169.254", _CREDENTIALS),
    Place("link-local, mapped", "[::ffff:169.254.169.254]", _CREDENTIALS),
    Place("link-local, compatible", "[::169.254.169.254]", _CREDENTIALS),
    Place("link-local, translated", "[::ffff:0:a9fe:a9fe]", _CREDENTIALS),
    Place("link-local, NAT64", "[64:ff9b::a9fe:a9fe]", _CREDENTIALS),
    Place("link-local, NAT64 of one's own", "[64:ff9b:1:a9fe:a9:fe00::]", _CREDENTIALS),
    Place("link-local, 6to4", "[2002:a9fe:a9fe::1]", _CREDENTIALS),
    Place("link-local, ISATAP", "[fd00::5efe:a9fe:a9fe]", _CREDENTIALS),
    Place("Teredo", "[2001:0:101:101::5601:5601]", "protocols"),
    Place("link-local, IPv6", "[fe80::1]", "link-local"),
    Place("AWS metadata, IPv6", "[fd00:ec2::254]", _CREDENTIALS),
    Place("Google metadata, IPv6", "[fd20:ce::254]", _CREDENTIALS),
    Place("Alibaba metadata", "100.100.100.200", _CREDENTIALS),
    Place("Akamai metadata, IPv6", "[fd00:a9fe:a9fe::1]", _CREDENTIALS),
    Place("Scaleway metadata, IPv6", "[fd00:42::42]", _CREDENTIALS),
    Place("Azure wire server", "168.63.129.16", _CREDENTIALS),
    Place("unspecified", "0.0.0.0", "this network"),
    Place("unspecified, IPv6", "[::]", "this network"),
    Place("this network", "0.0.0.1", "this network"),
    Place("multicast", "224.0.0.1", "multicast"),
    Place("multicast, IPv6", "[ff02::1]", "multicast"),
    Place("broadcast", "255.255.255.255", "reserved"),
    Place("benchmarks", "198.18.0.1", "benchmarks"),
    Place("documentation", "192.0.2.1", "documentation"),
    Place("documentation, IPv6", "[2001:db8::1]", "documentation"),
    Place("site-local, IPv6", "[fec0::1]", "no network of servers"),
    Place("hexadecimal part", "0x7f.1", _SPELLED),
    Place("octal number", "017700000001", _SPELLED),
    Place("octal part", "0177.0.0.1", _SPELLED),
    Place("one number", "2130706433", _SPELLED),
    Place("one hexadecimal number", "0xa9fea9fe", _SPELLED),
    Place("two numbers", "127.1", _SPELLED),
    Place("dot after an address", "127.0.0.1.", _SPELLED),
    Place("dot after a name", "localhost.", _SPELLED),
    Place("percent-encoded", "%31%32%37.0.0.1", _SPELLED),
    Place("zone", "[fe80::1%25lo]", _SPELLED),
    Place("zone of this machine", "[::1%25lo]", _SPELLED),
    Place("full-width digits", "１２７.0.0.1", "unusual characters"),
    Place("ideographic dots", "127。0。0。1", "unusual characters"),
)
