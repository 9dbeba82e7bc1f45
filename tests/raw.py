"""Speaks to a gate in bytes, as no SDK would."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.gates import RunningGate

BODY = b'{"model":"gpt-4o","messages":[]}'


class Heard(NamedTuple):
    """What came back on a connection."""

    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes

    @property
    def is_whole(self) -> bool:
        """Whether all of the body has come."""
        return len(self.body) == int(self.headers["content-length"])

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
    while not (heard := parse(data)).is_whole:
        data += line.recv(65536)
    return heard


def until_closed(line: socket.socket) -> list[Heard]:
    """Read responses until the other side closes."""
    data = b"".join(iter(lambda: line.recv(65536), b""))
    answers = []
    while data:
        answers.append(parse(data))
        data = answers[-1].rest
    return answers


def parse(data: bytes) -> Heard:
    """A response whose head has come."""
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers["content-length"])
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
