"""A head that two readers could read differently is refused; what clients send is not."""

import pytest

from gatebook.web.ambiguity import ambiguity

HEADERS = [(b"host", b"gate.example"), (b"accept", b"*/*")]


def code(
    target: bytes = b"/v1/models",
    *more: tuple[bytes, bytes],
    version: str = "1.1",
    headers: list[tuple[bytes, bytes]] = HEADERS,
) -> str:
    """Why a head is refused; empty if it is not."""
    error = ambiguity(target, [*headers, *more], version)
    return error.code if error else ""


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"/v1/chat/completions",
        b"/v1/models?limit=2&after=a%2Fb%2e%00",
        b"/v1beta/models/gemini-2.5-flash:generateContent",
        b"/openai/deployments/my.gpt_4o~x/chat/completions?api-version=2024-10-21",
        b"/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse",
        b"/v1/files/caf%C3%A9",
        b"/.well-known/x",
        b"/v1/..models/...",
        b"/v1/models/",
        b"/v1/models?/../x//y",
    ],
)
def test_a_path_that_everybody_reads_alike_is_taken(target: bytes) -> None:
    assert code(target) == ""


@pytest.mark.parametrize(
    "target",
    [
        b"",
        b"*",
        b"gate.example:443",
        b"http://gate.example/v1/models",
        b"//gate.example/v1/models",
        b"/v1//models",
        b"/v1/models//",
        b"/v1/./models",
        b"/v1/../models",
        b"/./v1/models",
        b"/..",
        b"/v1/models/.",
        b"/v1/models/..",
        b"/v1/models/..?x",
        b"/v1\\models",
        b"/v1/models#x",
        b"/v1/models?a#x",
        b"/v1/mod els",
        b"/v1/mod\tels",
        b"/v1/models\x7f",
        b"/v1/caf\xc3\xa9",
        b"/v1/<models>",
        b"/v1/{models}",
        b'/v1/"models"',
        b"/v1/models|x",
        b"/v1/models^",
        b"/v1/models`",
        b"/v1/%2e%2e/admin",
        b"/v1/%2E/models",
        b"/v1/.%2e/models",
        b"/v1%2fmodels",
        b"/v1%2Fmodels",
        b"/v1%5cmodels",
        b"/v1/models%00",
        b"/v1/models%0d%0aX:%20y",
        b"/v1/models%7f",
        b"/v1/models%1F",
        b"/v1/%252e%252e/models",
        b"/v1/models%",
        b"/v1/models%2",
        b"/v1/models%zz",
        b"/v1/models%u002e",
    ],
)
def test_a_path_that_some_reader_would_change_is_refused(target: bytes) -> None:
    assert code(target) == "target_refused"


@pytest.mark.parametrize(
    "name",
    [
        b"host",
        b"content-length",
        b"content-type",
        b"transfer-encoding",
        b"authorization",
        b"x-api-key",
        b"api-key",
        b"x-goog-api-key",
        b"x-gatebook-key",
        b"anthropic-version",
        b"idempotency-key",
    ],
)
def test_what_is_believed_comes_once(name: bytes) -> None:
    assert code(b"/", (name, b"a"), (name, b"a")) == "header_twice"


def test_a_list_may_be_spread_over_several_fields() -> None:
    assert (
        code(b"/", (b"accept", b"a"), (b"x-forwarded-for", b"b"), (b"x-forwarded-for", b"c")) == ""
    )


def test_there_is_a_host_in_every_version() -> None:
    assert code(b"/", headers=[]) == "host_missing"
    assert code(b"/", headers=[], version="1.0") == "host_missing"


@pytest.mark.parametrize(
    ("coding", "version", "refused"),
    [
        (b"chunked", "1.1", ""),
        (b"Chunked", "1.1", ""),
        (b"chunked", "1.0", "http_malformed"),
        (b"gzip, chunked", "1.1", "http_malformed"),
        (b"chunked, chunked", "1.1", "http_malformed"),
        (b"chunked, identity", "1.1", "http_malformed"),
        (b"xchunked", "1.1", "http_malformed"),
        (b"identity", "1.1", "http_malformed"),
        (b"", "1.1", "http_malformed"),
        (b'"chunked"', "1.1", "http_malformed"),
        (b"chunked;q=1", "1.1", "http_malformed"),
    ],
)
def test_a_body_is_chunked_and_nothing_else(coding: bytes, version: str, refused: str) -> None:
    assert code(b"/", (b"transfer-encoding", coding), version=version) == refused


@pytest.mark.parametrize("version", ["0.9", "1.2", "2.0"])
def test_other_versions_are_not_spoken(version: str) -> None:
    assert code(version=version) == "http_malformed"
    assert code(version="1.0") == ""


@pytest.mark.parametrize(
    ("digits", "why"),
    [(b"32", ""), (b"0" * 17 + b"32", ""), (b"0" * 18 + b"32", "length_refused")],
)
def test_a_length_has_no_more_digits_than_a_length_can_have(digits: bytes, why: str) -> None:
    """Python refuses to read numbers of thousands of digits, and others to read zeros in front."""
    assert code(b"/", (b"content-length", digits)) == why
