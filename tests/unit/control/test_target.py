"""Which addresses a provider may have."""

from ipaddress import IPv6Address

import pytest

from gatebook.control.target import ApiUrl, check_target, read_api_url
from gatebook.core.errors import Invalid
from tests.egress import CALLED, NOT_CALLED, Place


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "https://10.0.0.5:8443/v1",
        "http://127.0.0.1:11434/v1",
        "http://localhost:11434",
        "http://[::1]:9/v1",
        "http://[::ffff:127.0.0.1]:9/v1",
    ],
)
def test_https_anywhere_and_http_on_this_machine_are_taken(url: str) -> None:
    check_target(url, plain_http=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openai.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@example.com",
        "https://example.com?x=1",
        "https://example.com#x",
        "https://example.com:port",
        "https://[::1",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/v1",
        "https://[::ffff:169.254.169.254]/v1",
        "https://[64:ff9b::a9fe:a9fe]/v1",
        "https://[2002:a9fe:a9fe::1]/v1",
        "https://224.0.0.1/v1",
        "https://168.63.129.16/v1",
        "https://[fd00:ec2::254]/v1",
        "https://[::100.100.100.200]/v1",
        "http://example.com/v1",
        "http://127.0.0.1.example.com/v1",
        "https://example.com?",
        "https://example.com#",
        "https://example.com:0/v1",
        "https://example.com:99999/v1",
        "https://exa\tmple.com/v1",
        " https://example.com/v1",
        "https://example.com\\@evil.example/v1",
        "https://example.com\\.evil.example/v1",
        "https://[v1.example]/v1",
        "https://[10.0.0.5]/v1",
        "https://bücher.example/v1",
        "https://example.com/ä",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        check_target(url, plain_http=False)


def test_http_beyond_this_machine_has_to_be_asked_for() -> None:
    check_target("http://vllm.internal:8000/v1", plain_http=True)
    with pytest.raises(Invalid):
        check_target("http://169.254.169.254/", plain_http=True)


@pytest.mark.parametrize("place", CALLED, ids=lambda place: place.name)
def test_what_the_egress_table_allows_is_taken(place: Place) -> None:
    check_target(f"https://{place.host}:8443/v1", plain_http=False)


@pytest.mark.parametrize("place", NOT_CALLED, ids=lambda place: place.name)
def test_what_the_egress_table_refuses_is_refused_and_says_why(place: Place) -> None:
    for url in (f"https://{place.host}/v1", f"http://{place.host}:8000"):
        with pytest.raises(Invalid, match=place.why):
            check_target(url, plain_http=True)


def test_an_address_is_read_into_one_spelling() -> None:
    assert read_api_url("HTTPS://API.Example.com:443/v1/") == ApiUrl(
        "https", "api.example.com", 443, "/v1"
    )
    assert read_api_url("https://api.example.com").authority == "api.example.com"
    assert read_api_url("http://api.example.com:443").authority == "api.example.com:443"
    local = read_api_url("http://[0:0::1]:8000/v1")
    assert local.host == IPv6Address("::1")
    assert local.authority == "[::1]:8000"
