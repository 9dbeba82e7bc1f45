"""Bytes that two readers could understand differently: one clear answer, and nothing leaves."""

import json
import time
from contextlib import suppress

import pytest

from gatebook.formats import Operation
from gatebook.gateway.readiness import LIVE, READY
from tests.gates import RunningGate, eventually
from tests.operations import OPERATIONS, address, body, is_served, name_of
from tests.raw import BODY, connected, head, hear, parse, request, say, until_closed
from tests.wire import CASES, Case, sized

STATUS = {"method_not_allowed": 405, "unknown_url": 404}
HOSTS = [
    b"x/#@y",
    b"x/v1/models?",
    b"127.0.0.1\\@evil",
    b"admin",
    b"169.254.169.254",
    b"[::1]:8484",
    b"gate.example:99999",
    b"a" * 300,
    b"\xc3\xb6",
    b"",
]
OTHERS = [LIVE.decode(), READY.decode(), "/"]


def arrived(gate: RunningGate) -> int:
    """How many calls have come to the provider, once those of tests that hung up have, too."""
    count = -1
    while count != (count := len(gate.provider.seen)):
        time.sleep(0.03)
    return count


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_two_readers_could_read_differently(shared_gate: RunningGate, case: Case) -> None:
    before = arrived(shared_gate)
    heard = say(shared_gate, case.data.replace(b"@KEY@", shared_gate.key.encode()))
    if not case.code:
        assert heard.status == 200
        return
    assert (heard.status, heard.code) == (STATUS.get(case.code, 400), case.code)
    assert heard.headers["x-should-retry"] == "false"
    assert len(shared_gate.provider.seen) == before


def test_whoever_sends_such_a_thing_is_let_go(shared_gate: RunningGate) -> None:
    """What follows on the connection may be the rest of it."""
    data = sized(b"X-Ok: a\x00b").replace(b"@KEY@", shared_gate.key.encode())
    with connected(shared_gate) as line:
        line.sendall(data + request(shared_gate))
        (answer,) = until_closed(line)
    assert answer.headers["connection"] == "close"


@pytest.fixture(scope="module")
def narrow(shared_gate: RunningGate) -> bytes:
    """The key of an agent that may do one thing only: whoever mistakes a path decides otherwise."""
    answer = shared_gate.office.enroll(
        name="narrow", model=["gpt-4o"], operation=["chat.completions"], state="allowed"
    )
    assert answer.shown_once is not None
    key = answer.shown_once.reveal()
    eventually(lambda: shared_gate.ask(Authorization=f"Bearer {key}").status_code == 200)
    return key.encode()


def asked(gate: RunningGate, line: bytes, host: bytes, key: bytes, data: bytes) -> tuple[int, str]:
    """The status of an answer, and what it is or says."""
    fields = [line + b" HTTP/1.1", b"Host: " + host, b"Content-Length: %d" % len(data)]
    fields += [b"Authorization: Bearer " + key, b"Content-Type: application/json"]
    heard = say(gate, b"\r\n".join(fields) + b"\r\n\r\n" + data)
    if heard.status < 400:
        return heard.status, heard.headers["content-type"]
    said = json.loads(heard.body)
    return heard.status, str(said.get("error", said)["message"])  # Amazon's has no envelope


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_no_decision_depends_on_the_host(
    shared_gate: RunningGate, narrow: bytes, operation: Operation
) -> None:
    """Whoever rebuilds the URL from it authorises one path and serves another."""
    line = f"{operation.method or 'POST'} {address(operation, 'gpt-4o')}".encode()
    data = json.dumps(body(operation, "gpt-4o")).encode()
    told = asked(shared_gate, line, b"gate.example", narrow, data)
    if is_served(operation) and operation.has_body:  # it was read, and decided on
        is_permitted = operation.name == "chat.completions" and operation.dialect == "openai"
        assert told[0] == (200 if is_permitted else 403)
    for host in HOSTS:
        assert asked(shared_gate, line, host, narrow, data) == told
    stranger = asked(shared_gate, line, b"gate.example", b"sk-1", data)
    assert {asked(shared_gate, line, host, b"sk-1", data) for host in HOSTS} == {stranger}


@pytest.mark.parametrize("path", OTHERS)
def test_nor_does_what_anybody_may_ask(shared_gate: RunningGate, path: str) -> None:
    line = f"GET {path}".encode()
    told = asked(shared_gate, line, b"gate.example", b"sk-1", b"")
    assert {asked(shared_gate, line, host, b"sk-1", b"") for host in HOSTS} == {told}


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


@pytest.mark.parametrize(
    ("fields", "rest"),
    [
        ((b"Connection: Upgrade", b"Upgrade: x"), BODY),
        ((b"Connection: Upgrade", b"Upgrade: x"), b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"),
        ((), b"\x00"),
    ],
)
def test_what_follows_and_is_no_request_takes_no_answer_away(
    sqlite_gate: RunningGate, fields: tuple[bytes, ...], rest: bytes
) -> None:
    """The request before it is answered, and the connection ends."""
    with connected(sqlite_gate) as line:
        line.sendall(request(sqlite_gate, *fields) + rest)
        (answer,) = until_closed(line)
    assert (answer.status, answer.is_whole) == (200, True)
    assert len(sqlite_gate.provider.seen) == 1
