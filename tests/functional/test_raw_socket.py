"""Bytes that two readers could understand differently: one clear answer, and nothing leaves."""

import json
import time
from contextlib import suppress

import pytest

from tests.gates import RunningGate, eventually
from tests.raw import BODY, connected, head, hear, parse, request, say, until_closed


def test_the_plain_request_of_these_tests_goes_through(sqlite_gate: RunningGate) -> None:
    assert say(sqlite_gate, request(sqlite_gate)).status == 200


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([b"Authorization: Bearer x"], "header_twice"),
        ([b"authorization: Bearer x"], "header_twice"),
        ([b"Host: other.example"], "header_twice"),
        ([b"x-api-key: a", b"x-api-key: b"], "header_twice"),
        ([b"Content-Type: text/plain"], "header_twice"),
        ([b"Transfer-Encoding: chunked"], "http_malformed"),
        ([b"X_Gatebook_Key: x"], "header_refused"),
        ([b"X-Ok: 1\r\n folded"], "http_malformed"),
        ([b"X-Nul: a\x00b"], "http_malformed"),
        ([b"X Space: a"], "http_malformed"),
        ([b"Content-Length: +5"], "http_malformed"),
    ],
)
def test_a_head_that_two_readers_could_read_differently(
    sqlite_gate: RunningGate, fields: list[bytes], code: str
) -> None:
    heard = say(sqlite_gate, request(sqlite_gate, *fields))
    assert heard.status == 400
    assert heard.code == code
    assert heard.headers["connection"] == "close"
    assert heard.headers["x-should-retry"] == "false"
    assert sqlite_gate.provider.seen == []


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET / HTTP/0.9\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
    ],
)
def test_what_is_not_http_1(sqlite_gate: RunningGate, data: bytes) -> None:
    heard = say(sqlite_gate, data)
    assert (heard.status, heard.code) == (400, "http_malformed")


def test_two_lengths_that_differ(sqlite_gate: RunningGate) -> None:
    data = head(sqlite_gate, b"Content-Length: 5", b"Content-Length: 32") + BODY
    assert say(sqlite_gate, data).status == 400


def test_a_missing_host(sqlite_gate: RunningGate) -> None:
    heard = say(sqlite_gate, b"GET /v1/models HTTP/1.1\r\n\r\n")
    assert (heard.status, heard.code) == (400, "host_missing")


@pytest.mark.parametrize(
    "target",
    [
        b"http://gate.example/v1/models",
        b"*",
        b"/v1/%2e%2e/admin",
        b"/v1%2fmodels",
        b"/v1/models%00",
        b"/v1%5cmodels",
    ],
)
def test_a_target_that_is_more_than_a_plain_path(sqlite_gate: RunningGate, target: bytes) -> None:
    heard = say(sqlite_gate, head(sqlite_gate, line=b"GET " + target))
    assert (heard.status, heard.code) == (400, "target_refused")


@pytest.mark.parametrize("host", [b"x/#@y", b"x/v1/models?", b"127.0.0.1\\@evil", b"admin"])
def test_what_the_host_header_says_changes_nothing(sqlite_gate: RunningGate, host: bytes) -> None:
    """Whoever rebuilds the URL from it authorises one path and serves another."""
    fields = b"Host: %b\r\nAuthorization: Bearer %b" % (host, sqlite_gate.key.encode())
    known = say(sqlite_gate, b"GET /v1/models HTTP/1.1\r\n%b\r\n\r\n" % fields)
    assert known.status == 200
    stranger = say(sqlite_gate, b"GET /v1/models HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
    assert stranger.status == 401


def test_nobody_is_believed_about_who_they_are_forwarded_for(sqlite_gate: RunningGate) -> None:
    fields = (b"X-Forwarded-For: 10.9.9.9", b"X-Forwarded-Proto: https", b"Forwarded: for=1.2.3.4")
    assert say(sqlite_gate, request(sqlite_gate, *fields)).status == 200
    assert "10.9.9.9" not in repr(sqlite_gate.provider.seen)


def test_connect_is_answered_once_and_without_a_trace(sqlite_gate: RunningGate) -> None:
    refused = say(sqlite_gate, b"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert refused.status == 400
    assert refused.code == "method_refused"


def test_a_trailer_does_not_become_a_header(sqlite_gate: RunningGate) -> None:
    data = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n"
        b"%x\r\n%b\r\n0\r\nAuthorization: Bearer %b\r\n\r\n"
        % (len(BODY), BODY, sqlite_gate.key.encode())
    )
    with connected(sqlite_gate) as line:
        line.sendall(data)
        with suppress(EOFError):  # the refusal of the trailer may overtake the answer
            assert hear(line).status in (400, 401)
    assert sqlite_gate.provider.seen == []


@pytest.mark.parametrize("chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"2\n{}\n0\n\n"])
def test_a_body_that_is_broken_is_answered_and_recorded(
    sqlite_gate: RunningGate, chunks: bytes
) -> None:
    with connected(sqlite_gate) as line:
        line.sendall(head(sqlite_gate, b"Transfer-Encoding: chunked") + chunks)
        heard = hear(line)
    assert (heard.status, heard.code) == (400, "http_malformed")
    eventually(lambda: len(sqlite_gate.facts("call.refused")) == 1)
    assert sqlite_gate.provider.seen == []


def test_a_smuggled_request_is_not_served(sqlite_gate: RunningGate) -> None:
    inner = head(sqlite_gate, line=b"GET /v1/models")
    chunked = head(sqlite_gate, b"Content-Length: 4", b"Transfer-Encoding: chunked")
    with connected(sqlite_gate) as line:
        line.sendall(chunked + b"0\r\n\r\n" + inner)
        assert hear(line).status == 400
        assert line.recv(65536) == b""
    assert sqlite_gate.provider.seen == []


def test_requests_in_one_piece_are_answered_in_order(sqlite_gate: RunningGate) -> None:
    """The next ones have come, and wait, while the first is answered."""
    closing = request(sqlite_gate, b"Connection: close")
    data = request(sqlite_gate) + head(sqlite_gate, line=b"GET /v1/models") + closing
    with connected(sqlite_gate) as line:
        line.sendall(data)
        answers = until_closed(line)
    assert [answer.status for answer in answers] == [200, 200, 200]
    kinds = [json.loads(answer.body)["object"] for answer in answers]
    assert kinds == ["chat.completion", "list", "chat.completion"]
    assert [answer.headers.get("connection") for answer in answers] == [None, None, "close"]
    assert len(sqlite_gate.provider.seen) == 3
    endings = [fact["ending"] for fact in sqlite_gate.facts("call.concluded")]
    assert endings == ["complete"] * 3


def test_a_request_that_waits_does_not_change_the_answer_before_it(
    sqlite_gate: RunningGate,
) -> None:
    with connected(sqlite_gate) as line:
        line.sendall(request(sqlite_gate) + head(sqlite_gate, line=b"HEAD /v1/models"))
        first = hear(line)
        assert json.loads(first.body)["object"] == "chat.completion"
        rest = first.rest or line.recv(65536)
        assert rest.startswith(b"HTTP/1.1 405 ")
        assert rest.endswith(b"\r\n\r\n")


def test_an_answer_is_one_segment_and_the_connection_stays(sqlite_gate: RunningGate) -> None:
    with connected(sqlite_gate) as line:
        for _ in range(2):
            line.sendall(request(sqlite_gate))
            heard = parse(line.recv(65536))
            assert json.loads(heard.body)["object"] == "chat.completion"
            assert "date" in heard.headers


def test_a_head_request_is_answered_without_a_body(sqlite_gate: RunningGate) -> None:
    with connected(sqlite_gate) as line:
        line.sendall(head(sqlite_gate, b"Connection: close", line=b"HEAD /v1/models"))
        said, _, rest = line.recv(65536).partition(b"\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 405 ")
        assert (rest, line.recv(65536)) == (b"", b"")


@pytest.mark.parametrize("cut", [0, 10, 300, 400])
def test_an_offer_to_upgrade_is_ignored(sqlite_gate: RunningGate, cut: int) -> None:
    """Java's HTTP client makes one with every first request, body and all."""
    fields = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")
    data = request(sqlite_gate, *fields)
    with connected(sqlite_gate) as line:
        line.sendall(data[:cut])
        time.sleep(0.05)
        line.sendall(data[cut:])
        heard = hear(line)
        assert heard.status == 200
        assert heard.headers["connection"] == "close"
        assert line.recv(65536) == b""
