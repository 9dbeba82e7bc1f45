"""Calls go to hosts, and to no address at which a cloud hands out credentials."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from gatebook.core.addresses import may_reach


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
        "64:ff9b:2::a9fe:a9fe",
        "::ffff:0:10.0.0.8",
        "fd00::5efe:a00:8",
        teredo("1.1.1.1", "10.0.0.8"),
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
        "224.0.0.1",
        "ff02::1",
        "0.0.0.0",
        "fd00:ec2::254",
        "fd00:ec2::23",
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
        teredo("1.1.1.1", "169.254.169.254"),
        teredo("169.254.169.254", "1.1.1.1"),
        teredo("1.1.1.1", "100.100.100.200"),
        "::",
        "",
    ],
)
def test_where_clouds_hand_out_credentials_is_not_called_in_any_spelling(address: str) -> None:
    """`ipaddress.is_global` is no help: it is true for some of these."""
    assert not may_reach(address)
