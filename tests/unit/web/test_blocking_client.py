"""A question to one of our own processes has one whole answer, in time and in size, or none."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gatebook.web.blocking_client import Response, ask
from gatebook.web.client import NotCalled
from tests.egress import NOT_CALLED, Place

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def answering(answer: bytes, listener: socket.socket, *, slowly: bool = False) -> Iterator[bytes]:
    """Give one answer to whoever connects."""
    heard = bytearray()

    def serve() -> None:
        with suppress(OSError), listener.accept()[0] as line:
            heard.extend(line.recv(65536))
            for at in range(len(answer)) if slowly else ():
                line.sendall(answer[at : at + 1])
                time.sleep(0.05)
            if not slowly:
                line.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield heard  # type: ignore[misc]  # filled in meanwhile
    finally:
        listener.close()
        thread.join()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that listens on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


def url_of(listener: socket.socket, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{listener.getsockname()[1]}"


def question(address: str, body: bytes = b"") -> Response:
    return ask(address, "POST", "/reach?a=b", body, seconds=1, limit=1000)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_answer_is_read_to_its_end(listener: socket.socket, host: str) -> None:
    url = url_of(listener, host)
    with answering(OK, listener) as heard:
        assert question(url, b"abc") == Response(200, b"{}")
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /reach?a=b HTTP/1.1\r\n")
    assert f"Host: {url.removeprefix('http://')}".encode() in head
    assert (b"Content-Length: 3" in head, body) == (True, b"abc")


def test_a_unix_socket_is_asked_in_the_same_way(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        with answering(OK, listener):
            assert question(f"unix:{tmp_path}/socket") == Response(200, b"{}")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        b"220 smtp.example ESMTP\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"a" * 5000,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 5000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"a" * 5000,
    ],
)
def test_what_breaks_off_makes_no_sense_or_is_too_large_is_no_answer(
    listener: socket.socket, answer: bytes
) -> None:
    with answering(answer, listener), pytest.raises(OSError):
        question(url_of(listener))


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(listener: socket.socket) -> None:
    """Each byte would come in time, the whole never."""
    began = time.monotonic()
    with answering(OK * 2, listener, slowly=True), pytest.raises(TimeoutError):
        ask(url_of(listener), "GET", "/", seconds=0.3, limit=1000)
    assert time.monotonic() - began < 5


def test_nobody_there_is_an_error_of_the_system(listener: socket.socket) -> None:
    url = url_of(listener)
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        question(url)


@pytest.mark.parametrize("place", NOT_CALLED, ids=lambda place: place.name)
def test_what_the_egress_table_refuses_is_not_asked(place: Place) -> None:
    with pytest.raises(NotCalled):
        question(f"http://{place.host}:1")


def test_a_name_with_one_address_that_is_not_called_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def found(host: str, port: int, **_: object) -> list[object]:
        del host
        here = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*here, ("127.0.0.1", port)), (*here, ("169.254.169.254", port))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    with pytest.raises(NotCalled, match=r"169\.254\.169\.254"):
        question("http://notary:8486")
