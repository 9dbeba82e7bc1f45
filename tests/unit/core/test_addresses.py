"""Calls go where servers are, to no place where clouds hand out credentials, in one spelling."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from gatebook.core.addresses import is_loopback, may_reach, read_address, read_host, why_not_called


def teredo(server: str, client: str) -> str:
    """An address as RFC 4380, 4 makes it: the client's stands in it inverted."""
    hidden = int(IPv4Address(client)) ^ 0xFFFF_FFFF
    return str(IPv6Address(0x2001_0000 << 96 | int(IPv4Address(server)) << 64 | hidden))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "100.64.0.1",
        "1.1.1.1",
        "::1",
        "fd00:ec2::1",
        "2606:4700::1111",
        "2606:4700::a9fe:a9fe",
        "::ffff:10.0.0.8",
        "::10.0.0.8",
        "64:ff9b::a00:8",
        "64:ff9b:1::a00:8",
        "64:ff9b:1::127.0.0.1",
        "64:ff9b:1:a00:8::",
        "2002:101:101::1",
        "::ffff:0:10.0.0.8",
        "fd00::5efe:a00:8",
    ],
)
def test_an_address_of_a_host_is_called(address: str) -> None:
    assert may_reach(address)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:7::6464:64c8",
        "64:ff9b:1:ffff:ffff:ffff:a9fe:a9fe",
        "::ffff:0:169.254.169.254",
        "2002:a9fe:a9fe::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd00:a9fe:a9fe::1",
        "fd00:42::42",
        "fd20:ce::254",
        "fd00:c1::a9fe:a9fe",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "::ffff:168.63.129.16",
        "2002:6464:64c8::1",
        "::169.254.169.254",
        "::192.0.0.192",
        "2001:db8::5efe:a9fe:a9fe",
        "fd00::200:5efe:6464:64c8",
        "fd00::300:5efe:6464:64c8",
        "64:ff9b:1:a9fe:a9:fe00::",
        "64:ff9b:1:a9fe:a9:fe12:3456:789a",
        "64:ff9b:1:a9:fe:a9fe::",
        "64:ff9b:1:7:a9:fea9:fe00:0",
        "64:ff9b:1:7:64:6464:c800:0",
        "64:ff9b:1:7:ffff:ffff:6464:64c8",
        teredo("1.1.1.1", "169.254.169.254"),
        teredo("169.254.169.254", "1.1.1.1"),
    ],
)
def test_where_clouds_hand_out_credentials_is_not_called_in_any_spelling(address: str) -> None:
    """`ipaddress.is_global` is no help: it is true for some of these."""
    assert not may_reach(address)


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("0.0.0.0", "of this network"),
        ("0.255.255.255", "of this network"),
        ("::", "of this network"),
        ("::2", "of this network"),
        ("::ffff:0.0.0.0", "of this network"),
        ("192.0.0.8", "protocols"),
        ("192.0.2.1", "documentation"),
        ("198.51.100.1", "documentation"),
        ("203.0.113.255", "documentation"),
        ("2001:db8::1", "documentation"),
        ("3fff:fff::1", "documentation"),
        ("192.88.99.1", "tunnels"),
        ("198.18.0.1", "benchmarks"),
        ("198.19.255.255", "benchmarks"),
        ("::ffff:198.18.0.1", "benchmarks"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.250", "multicast"),
        ("ff02::1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("64:ff9b::255.255.255.255", "reserved"),
        ("169.254.0.1", "credentials"),
        ("fe80::1", "link-local"),
        ("febf::1", "link-local"),
        ("2001:0:101:101::1", "protocols"),
        ("2001:2::1", "protocols"),
        ("2001:20::1", "protocols"),
        ("fec0::1", "no network of servers"),
        ("100::1", "no network of servers"),
        ("4000::1", "no network of servers"),
        ("5f00::1", "no network of servers"),
        ("64:ff9b:2::101:101", "no network of servers"),
    ],
)
def test_where_no_server_is_is_not_called(address: str, what: str) -> None:
    found = read_address(address)
    assert found is not None
    assert what in why_not_called(found)


@pytest.mark.parametrize("address", ["198.17.255.255", "198.20.0.0", "223.255.255.255", "2400::1"])
def test_the_neighbours_of_such_networks_are_called(address: str) -> None:
    assert may_reach(address)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("api.openai.com", "api.openai.com"),
        ("API.OpenAI.com", "api.openai.com"),
        ("localhost", "localhost"),
        ("my_vllm", "my_vllm"),
        ("1password.com", "1password.com"),
        ("0xfeed.example", "0xfeed.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a" * 63 + ".b", "a" * 63 + ".b"),
        ("10.0.0.5", IPv4Address("10.0.0.5")),
        ("::FFFF:10.0.0.5", IPv6Address("::ffff:a00:5")),
        ("0:0:0:0:0:0:0:1", IPv6Address("::1")),
    ],
)
def test_a_host_is_read_into_the_one_spelling_it_has(
    text: str, host: IPv4Address | IPv6Address | str
) -> None:
    assert read_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "0x",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.01",
        "1.2.3.4.5",
        "256.0.0.1",
        "evil.0x7f",
        "127.0.0.1.",
        "api.openai.com.",
        ".api.openai.com",
        "a..b",
        "-a.b",
        "a-.b",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "１２７.0.0.1",
        "127。0。0。1",
        "ⓛocalhost",
        "\u212aelvin",
        "fe80::1%eth0",
        "::1%lo",
        "%31%32%37.0.0.1",
        "[::1]",
        "::1]",
        "127.0.0.1:80",
        "a b",
        "a\n",
        "a\x00",
        "a/b",
        "a@b",
        "1::2::3",
    ],
)
def test_a_spelling_that_two_readers_could_take_for_two_hosts_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        read_host(text)


def test_this_machine_is_known_in_both_families() -> None:
    here = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
    assert [is_loopback(read_host(each)) for each in here] == [True] * 4  # type: ignore[arg-type]  # addresses all
    assert not is_loopback(IPv4Address("10.0.0.1"))
