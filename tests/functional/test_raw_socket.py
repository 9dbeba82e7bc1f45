"""Bytes that no SDK would send: each gets one clear answer in OpenAI's shape, or an end.

A record where the caller is known, nothing at the provider, and no memory kept.
"""

import json
import socket
import time
from binascii import crc32
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from gatebook.core.ids import base62
from gatebook.storage.database import open_database
from tests.gates import SETTINGS, RunningGate, open_running_gate

BODY = b'{"model":"gpt-4o","messages":[]}'
MEGABYTE = 1024 * 1024


class Heard(NamedTuple):
    """What came back on a connection."""

    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes

    @property
    def code(self) -> str:
        """The code of an error, once its shape is seen to be OpenAI's."""
        error = json.loads(self.body)["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return str(error["code"])


@contextmanager
def connected(gate: RunningGate) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as line:
        yield line


def hear(line: socket.socket) -> Heard:
    """Read one response."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = line.recv(65536)
        if not part:
            raise EOFError(data)
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers["content-length"])
    while len(rest) < length:
        rest += line.recv(65536)
    return Heard(int(first.split()[1]), headers, rest[:length], rest[length:])


def say(gate: RunningGate, data: bytes) -> Heard:
    with connected(gate) as line:
        line.sendall(data)
        return hear(line)


def head(gate: RunningGate, *fields: bytes, line: bytes = b"POST /v1/chat/completions") -> bytes:
    """A request head with the fields every request needs, and these."""
    own = [
        b"Host: gate.example",
        b"Authorization: Bearer " + gate.key.encode(),
        b"Content-Type: application/json",
        *fields,
    ]
    return line + b" HTTP/1.1\r\n" + b"".join([field + b"\r\n" for field in own]) + b"\r\n"


def request(gate: RunningGate, *fields: bytes, body: bytes = BODY) -> bytes:
    return head(gate, b"Content-Length: %d" % len(body), *fields) + body


def refusals(gate: RunningGate) -> list[str]:
    return [entry.header["d"]["code"] for entry in gate.events("call.refused")]


def resident() -> int:
    """Bytes of memory this process holds, the gate among it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_the_plain_request_of_these_tests_goes_through(sqlite_gate: RunningGate) -> None:
    assert say(sqlite_gate, request(sqlite_gate)).status == 200


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([b"Authorization: Bearer x"], "header_twice"),
        ([b"authorization: Bearer x"], "header_twice"),
        ([b"Host: other.example"], "header_twice"),
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


def test_a_smuggled_request_is_not_served(sqlite_gate: RunningGate) -> None:
    inner = head(sqlite_gate, line=b"GET /v1/models")
    chunked = head(sqlite_gate, b"Content-Length: 4", b"Transfer-Encoding: chunked")
    with connected(sqlite_gate) as line:
        line.sendall(chunked + b"0\r\n\r\n" + inner)
        assert hear(line).status == 400
        assert line.recv(65536) == b""
    assert sqlite_gate.provider.seen == []


def test_requests_in_one_piece_are_answered_in_order(sqlite_gate: RunningGate) -> None:
    with connected(sqlite_gate) as line:
        line.sendall(request(sqlite_gate) + head(sqlite_gate, line=b"GET /v1/models"))
        first = hear(line)
        assert json.loads(first.body)["object"] == "chat.completion"
        if not first.rest:
            assert json.loads(hear(line).body)["object"] == "list"


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


# -- too much --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head_bytes",
    [
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000,
        b"GET /v1/models HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 101 + b"\r\n",
        b"GET /" + b"a" * 40_000,
        b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\n" + b"a" * 70_000,
    ],
)
def test_a_head_beyond_its_limits(sqlite_gate: RunningGate, head_bytes: bytes) -> None:
    heard = say(sqlite_gate, head_bytes)
    assert (heard.status, heard.code) == (431, "head_too_large")


def test_a_head_within_its_limits_may_come_in_pieces(sqlite_gate: RunningGate) -> None:
    fields = [b"X-%d: %b" % (number, b"a" * 1500) for number in range(20)]
    data = request(sqlite_gate, *fields)
    with connected(sqlite_gate) as line:
        for at in range(0, len(data), 5000):
            line.sendall(data[at : at + 5000])
            time.sleep(0.02)
        assert hear(line).status == 200


def test_an_endless_header_is_not_gathered(sqlite_gate: RunningGate) -> None:
    before = resident()
    sent = 0
    with connected(sqlite_gate) as line:
        line.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX: ")
        try:
            while sent < 100 * MEGABYTE:
                line.sendall(b"a" * MEGABYTE)
                sent += MEGABYTE
            assert hear(line).status == 431
        except ConnectionError:
            pass  # cut after a while
    assert resident() - before < 20 * MEGABYTE


def test_a_body_that_says_it_is_too_large_is_not_read(sqlite_gate: RunningGate) -> None:
    before = resident()
    with connected(sqlite_gate) as line:
        line.sendall(head(sqlite_gate, b"Content-Length: %d" % (100 * MEGABYTE)))
        heard = hear(line)
        assert (heard.status, heard.code) == (413, "body_too_large")
        for _ in range(100):
            line.sendall(b"a" * MEGABYTE)
        line.sendall(head(sqlite_gate, line=b"GET /v1/models"))
        assert hear(line).status == 200
    assert resident() - before < 30 * MEGABYTE
    assert refusals(sqlite_gate) == ["body_too_large"]


def test_a_body_that_does_not_say_is_read_up_to_the_limit(sqlite_gate: RunningGate) -> None:
    before = resident()
    with connected(sqlite_gate) as line:
        line.sendall(head(sqlite_gate, b"Transfer-Encoding: chunked"))
        for _ in range(100):
            line.sendall(b"100000\r\n" + b"a" * MEGABYTE + b"\r\n")
        heard = hear(line)
    assert (heard.status, heard.code) == (413, "body_too_large")
    assert resident() - before < 60 * MEGABYTE
    assert refusals(sqlite_gate) == ["body_too_large"]


@pytest.mark.parametrize("knows_an_id", [False, True])
def test_a_stranger_may_send_less(sqlite_gate: RunningGate, knows_an_id: bool) -> None:
    """The ids of keys stand in the published log, so an id alone gives no right to our memory."""
    id_ = sqlite_gate.key[: len("gbk_agt_live_") + 13]
    body = f"{id_}_{'0' * 43}"
    forged = body + base62(crc32(body.encode()), 6) if knows_an_id else "sk-1"
    data = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n"
        b"Authorization: Bearer %b\r\n\r\n" % forged.encode()
    )
    with connected(sqlite_gate) as line:
        line.sendall(data)
        assert hear(line).status == 401


def test_whoever_waits_for_leave_to_send_is_told_no_without_it(sqlite_gate: RunningGate) -> None:
    fields = (b"Content-Length: %d" % (100 * MEGABYTE), b"Expect: 100-continue")
    heard = say(sqlite_gate, head(sqlite_gate, *fields))
    assert (heard.status, heard.code) == (413, "body_too_large")


def test_nesting_of_ten_thousand_levels(sqlite_gate: RunningGate) -> None:
    body = b'{"model":"gpt-4o","messages":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    heard = say(sqlite_gate, request(sqlite_gate, body=body))
    assert (heard.status, heard.code) == (400, "json_too_deep")
    assert refusals(sqlite_gate) == ["json_too_deep"]


def test_one_connection_too_many(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with open_running_gate(database, settings=replace(SETTINGS, connection_limit=1)) as gate:
        with connected(gate) as first:
            first.sendall(request(gate))
            assert hear(first).status == 200
            with connected(gate) as second:
                heard = hear(second)
                assert (heard.status, heard.code) == (503, "too_many_connections")
                assert heard.headers["retry-after"] == "1"
        time.sleep(0.1)
        assert say(gate, request(gate)).status == 200
    database.close()


# -- too slow --------------------------------------------------------------------------------------


@pytest.fixture
def impatient(sqlite_url: str) -> Iterator[RunningGate]:
    """A gate that waits a second."""
    database = open_database(sqlite_url)
    settings = replace(SETTINGS, head_seconds=1, body_seconds=1)
    with open_running_gate(database, settings=settings) as gate:
        yield gate
    database.close()


def drip(line: socket.socket, data: bytes) -> None:
    """Send byte by byte until the other side has enough."""
    line.settimeout(0.05)
    for at in range(len(data)):
        try:
            line.sendall(data[at : at + 1])
            if line.recv(1, socket.MSG_PEEK):
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    line.settimeout(10)


def test_a_head_that_comes_byte_by_byte(impatient: RunningGate) -> None:
    began = time.monotonic()
    with connected(impatient) as line:
        drip(line, head(impatient))
        heard = hear(line)
    assert (heard.status, heard.code) == (408, "request_timeout")
    assert time.monotonic() - began < 4


def test_a_body_that_comes_byte_by_byte_is_on_record(impatient: RunningGate) -> None:
    began = time.monotonic()
    with connected(impatient) as line:
        line.sendall(head(impatient, b"Content-Length: 1000"))
        drip(line, b" " * 1000)
        heard = hear(line)
    assert (heard.status, heard.code) == (408, "request_timeout")
    assert time.monotonic() - began < 4
    assert refusals(impatient) == ["request_timeout"]
    assert impatient.provider.seen == []


def test_a_body_that_does_not_come_at_all(impatient: RunningGate) -> None:
    heard = say(impatient, head(impatient, b"Content-Length: 1000"))
    assert (heard.status, heard.code) == (408, "request_timeout")


def test_whoever_connects_and_says_nothing_is_let_go(impatient: RunningGate) -> None:
    with connected(impatient) as line:
        assert line.recv(1) == b""


def test_a_call_that_takes_long_is_not_a_slow_request(impatient: RunningGate) -> None:
    body = b'{"model":"sim-slow-2","messages":[]}'
    assert say(impatient, request(impatient, body=body)).status == 200


def test_a_client_that_leaves_in_the_middle_of_its_body_is_let_go(
    sqlite_gate: RunningGate,
) -> None:
    with connected(sqlite_gate) as line:
        line.sendall(head(sqlite_gate, b"Content-Length: 1000") + b"{")
    assert say(sqlite_gate, request(sqlite_gate)).status == 200
    assert len(sqlite_gate.provider.seen) == 1
