"""Who a caller is by address: nobody but a proxy that we know can say so for another."""

from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given, strategies as st

from gatebook.core.errors import Misconfigured
from gatebook.web.client_address import client_address, read_networks

PROXIES = read_networks(["10.0.0.0/8", "192.0.2.7", "fd00::/8", "fe80::/10"])
STRANGER = "203.0.113.9"
PROXY = "10.0.0.1"


def address(peer: str, *forwarded: str) -> str:
    fields = [field.encode("latin-1") for field in forwarded]
    return str(client_address(ip_address(peer), fields, PROXIES))


@pytest.mark.parametrize(
    "forwarded",
    [(), ("1.2.3.4",), ("10.0.0.1",), ("127.0.0.1, 10.0.0.1",), ("nonsense",), ("1.2.3.4", "::1")],
)
def test_a_stranger_is_who_it_is_whatever_it_says(forwarded: tuple[str, ...]) -> None:
    assert address(STRANGER, *forwarded) == STRANGER
    assert str(client_address(ip_address(PROXY), [b"1.2.3.4"], ())) == PROXY


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (["203.0.113.9"], STRANGER),
        (["203.0.113.9,10.0.0.2"], STRANGER),
        (["203.0.113.9 ,\t10.0.0.2 , 192.0.2.7"], STRANGER),
        # What the client claimed stands before what the first proxy saw.
        (["127.0.0.1, 203.0.113.9"], STRANGER),
        (["10.0.0.9, 203.0.113.9, 10.0.0.2"], STRANGER),
        (["nonsense, 203.0.113.9"], STRANGER),
        (["1.2.3.4", "203.0.113.9"], STRANGER),
        (["1.2.3.4, 5.6.7.8", "203.0.113.9", "10.0.0.2"], STRANGER),
        # All of them proxies: the farthest one asks for itself.
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        # As different proxies write an address.
        (["203.0.113.9:1234"], STRANGER),
        (["[2001:db8::1]:1234"], "2001:db8::1"),
        (["[2001:db8::1]"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["::ffff:203.0.113.9"], STRANGER),
        (["::ffff:10.0.0.2", "fd00::1"], "10.0.0.2"),
    ],
)
def test_of_a_proxy_the_last_address_that_is_no_proxys_counts(
    forwarded: list[str], client: str
) -> None:
    assert address(PROXY, *forwarded) == client


@pytest.mark.parametrize(
    "forwarded",
    [
        "",
        ",",
        "unknown",
        "_hidden",
        "1.2.3.4,",
        "1.2.3.4, , 10.0.0.2",
        "for=1.2.3.4",
        '"1.2.3.4"',
        "1.2.3.4 5.6.7.8",
        "127.1",
        "0x7f000001",
        "1.2.3.4:port",
        "1.2.3.4:123456",
        "[1.2.3.4]",
        "[2001:db8::1",
        "[2001:db8::1]x",
        "fe80::1%eth0",
        "1.2.3.4\x00",
        "١.2.3.4",
    ],
)
def test_a_list_that_cannot_be_read_leaves_the_proxy_itself(forwarded: str) -> None:
    assert str(client_address(ip_address(PROXY), [forwarded.encode()], PROXIES)) == PROXY


def test_a_peer_is_known_as_either_family_writes_it() -> None:
    assert address("::ffff:10.0.0.1", STRANGER) == STRANGER
    assert address("::ffff:203.0.113.9", "1.2.3.4") == STRANGER
    assert address("fe80::1", STRANGER) == STRANGER
    assert address("2001:db8::1") == "2001:db8::1"


@pytest.mark.parametrize(
    "text", ["", "proxy.example", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "::ffff:10.0.0.0/104"]
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_networks([text])
    assert caught.value.code == "proxies_unclear"


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0"])
def test_nobody_believes_everybody(text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_networks([text])
    assert caught.value.code == "proxies_everybody"


addresses = st.ip_addresses().map(str)


@given(claims=st.lists(st.text(alphabet="0123456789.:[], abf%", max_size=40)), client=addresses)
def test_no_claim_of_a_client_changes_what_a_proxy_saw(claims: list[str], client: str) -> None:
    """Whatever stands before it: the proxy's own addition is read first."""
    seen = ip_address(client)
    mapped = seen.ipv4_mapped if isinstance(seen, IPv6Address) else None
    expected = mapped or seen
    if not any(expected in network for network in PROXIES):
        fields = [*(claim.encode() for claim in claims), client.encode()]
        assert client_address(ip_address(PROXY), fields, PROXIES) == expected
