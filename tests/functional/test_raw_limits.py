"""Too much and too slow: an answer in OpenAI's shape or an end, a record where the caller is known,
nothing at the provider, and no memory kept.
"""

import socket
import time
from binascii import crc32
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from gatebook.core.ids import base62
from gatebook.storage.database import open_database
from tests.gates import SETTINGS, RunningGate, open_running_gate
from tests.raw import connected, head, hear, request, say

MEGABYTE = 1024 * 1024


def refusals(gate: RunningGate) -> list[str]:
    return [entry.header["d"]["code"] for entry in gate.events("call.refused")]


def resident() -> int:
    """Bytes of memory this process holds, the gate among it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


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


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("end", [b"0\r\nX: ", b"2;", b"2\r\n  \r\n0\r\nX: a\r\nY: "])
def test_an_endless_line_in_a_body_is_not_gathered(
    sqlite_gate: RunningGate, known: bool, end: bytes
) -> None:
    """A trailer field is no body, and would be counted nowhere."""
    before = resident()
    opening = head(sqlite_gate, b"Transfer-Encoding: chunked") + end
    sent = 0
    with connected(sqlite_gate) as line:
        line.sendall(opening if known else opening.replace(sqlite_gate.key.encode(), b"sk-1"))
        try:
            while sent < 30 * MEGABYTE:
                line.sendall(b"a" * MEGABYTE)
                sent += MEGABYTE
            heard = hear(line)
            assert (heard.status, heard.code) in (
                (431, "head_too_large"),
                (400, "trailer_refused"),
                (401, "invalid_api_key"),
            )
        except ConnectionError:
            pass  # cut after a while
    assert resident() - before < 20 * MEGABYTE
    assert sqlite_gate.provider.seen == []


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
