"""Addresses of machines and places."""

import pytest

from gatebook.guard.checks import network
from gatebook.guard.checks.candidate import Candidate


def test_an_address_of_a_machine() -> None:
    assert network.ipv4(Candidate("174.168.157.67", "IP ", ""))
    assert network.ipv4(Candidate("192.168.1.20", "", "."))


@pytest.mark.parametrize(
    ("value", "before", "after"),
    [
        ("127.0.0.1", "", ""),
        ("255.255.255.0", "", ""),
        ("999.1.1.1", "", ""),
        ("10.0.19041.1", "", ""),
        ("1.2.3.4", "version ", ""),
        ("1.2.3.4", "", ".5"),
        ("1.2.3.4", "0.", ""),
    ],
)
def test_a_loopback_a_mask_a_version_and_a_part_of_more_are_none(
    value: str, before: str, after: str
) -> None:
    assert not network.ipv4(Candidate(value, before, after))


def test_ipv6_is_told_from_names_and_times() -> None:
    assert network.ipv6(Candidate("2001:db8:bb9e::928c", "", ""))
    assert network.ipv6(Candidate("a417:7022:9dba:d04b:388c:78b3:3742:94e1", "", ""))
    assert not network.ipv6(Candidate("::1", "", ""))
    assert not network.ipv6(Candidate("abc::def", "", ""))
    assert not network.ipv6(Candidate("10:30:45", "", ""))


def test_mac_is_not_everybodys() -> None:
    assert network.mac(Candidate("00:1b:44:11:3a:b7", "", ""))
    assert not network.mac(Candidate("ff:ff:ff:ff:ff:ff", "", ""))


@pytest.mark.parametrize(
    ("value", "is_place"),
    [
        ("48.858370, 2.294481", True),
        ("-33.8568 lon: 151.2153", True),
        ("98.123456, 200.123456", False),
        ("1.2, 3.4", False),
        ("1.234.5, 3.456", False),
    ],
)
def test_a_place_is_on_earth_and_exact(value: str, is_place: bool) -> None:
    assert network.coordinates(Candidate(value, "", "")) == is_place
