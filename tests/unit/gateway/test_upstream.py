"""What leaves is written by us alone, and goes where an administrator said."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from gatebook.core.errors import Misconfigured
from gatebook.gateway.upstream import may_reach, target_of
from gatebook.providers import Call
from gatebook.providers.openai import CHAT, MODELS
from gatebook.web.client import Origin

CALL = Call(dialect="openai", operation=CHAT, model="gpt-4o", body=b"{}")


def teredo(server: str, client: str) -> str:
    """An address as RFC 4380, 4 makes it: the client's stands in it inverted."""
    hidden = int(IPv4Address(client)) ^ 0xFFFF_FFFF
    return str(IPv6Address(0x2001_0000 << 96 | int(IPv4Address(server)) << 64 | hidden))


def test_the_head_of_a_request_holds_what_we_say_and_nothing_else() -> None:
    target = target_of(
        "https://api.example/base/", CALL, "gatebook/1", ("Authorization", "Bearer k")
    )
    assert target.origin == Origin(is_tls=True, host="api.example", port=443)
    assert target.head.decode().split("\r\n") == [
        "POST /base/v1/chat/completions HTTP/1.1",
        "Host: api.example",
        "User-Agent: gatebook/1",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "Authorization: Bearer k",
        "Content-Type: application/json",
        "",
    ]


def test_a_stream_is_asked_for_as_one_and_a_list_has_no_body() -> None:
    streamed = Call(dialect="openai", operation=CHAT, streamed=True)
    assert b"Accept: text/event-stream\r\n" in target_of("http://h:81", streamed, "g", None).head
    listed = target_of("http://h:81", Call(dialect="openai", operation=MODELS), "g", None)
    assert listed.origin == Origin(is_tls=False, host="h", port=81)
    assert b"Host: h:81\r\n" in listed.head
    assert b"Content-Type" not in listed.head
    assert b"Authorization" not in listed.head


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "ftp://h",
        "https://",
        "https://u@h",
        "https://h/a\r\nX: y",
        "https://h/ä",
        "https://h/a b",
    ],
)
def test_an_address_that_could_say_more_than_an_address_is_not_used(base_url: str) -> None:
    with pytest.raises(Misconfigured):
        target_of(base_url, CALL, "g", None)


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
