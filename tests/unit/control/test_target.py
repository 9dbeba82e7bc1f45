"""Which addresses a provider may have."""

import pytest

from gatebook.control.target import check_target
from gatebook.core.errors import Invalid


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
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        check_target(url, plain_http=False)


def test_http_beyond_this_machine_has_to_be_asked_for() -> None:
    check_target("http://vllm.internal:8000/v1", plain_http=True)
    with pytest.raises(Invalid):
        check_target("http://169.254.169.254/", plain_http=True)
