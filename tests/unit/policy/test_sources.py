"""Where a call comes from: networks as they are written, addresses as sockets give them."""

import pytest

from gatebook.policy.sources import ANYWHERE, Sources, read_network


def sources(*texts: str) -> Sources:
    return Sources(network for text in texts if (network := read_network(text)) is not None)


@pytest.mark.parametrize(
    ("network", "hits", "misses"),
    [
        ("10.1.0.0/16", ["10.1.0.0", "10.1.255.255"], ["10.2.0.0", "::1", ""]),
        ("192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.8"]),
        ("2001:db8::/32", ["2001:db8::1", "2001:db8::1%eth0"], ["2001:db9::1", "10.1.0.0"]),
        ("::/0", ["::1", "2001:db8::1"], ["10.1.0.0", "::ffff:10.1.0.0"]),
    ],
)
def test_an_address_is_in_a_network_of_its_version(
    network: str, hits: list[str], misses: list[str]
) -> None:
    found = sources(network)
    assert [address for address in [*hits, *misses] if found.hold(address)] == hits


@pytest.mark.parametrize("address", ["", "localhost", "10.1.0.0/16", "10.1.0", "10.1.0.0, 1.1.1.1"])
def test_what_is_no_address_is_nowhere(address: str) -> None:
    assert not sources(*ANYWHERE).hold(address)


def test_no_network_holds_nothing() -> None:
    assert not sources().hold("127.0.0.1")


def test_anywhere_takes_both_versions() -> None:
    assert sources(*ANYWHERE).are_all
    assert not sources("0.0.0.0/0").are_all
    assert not sources("0.0.0.0/1", "128.0.0.0/1", "::/0").are_all


@pytest.mark.parametrize(
    "text",
    ["", "any", "10.1.2.3/16", "10.1.0.0/33", "10.0.0.0/255.0.0.1", "::ffff:10.0.0.0/104", "a/8"],
)
def test_what_is_no_network_is_none(text: str) -> None:
    """A bit set behind the mask, and IPv4 written as IPv6, mean something else than they say."""
    assert read_network(text) is None
