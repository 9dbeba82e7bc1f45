"""A session that a library is given goes no other way than a call does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from gatebook.web.checked_session import CheckedSession


@contextmanager
def answering(status: int, length: int) -> Iterator[tuple[str, list[str]]]:
    """A server that redirects or answers, and sends less than it says."""
    asked: list[str] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer."""
            self.rfile.read(int(self.headers["content-length"]))
            asked.append(self.path)
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(length))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}/in", asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "length"), [(200, 0), (200, 10**12), (307, 0)])
def test_no_more_than_the_head_of_an_answer_is_read_and_nothing_is_followed(
    status: int, length: int
) -> None:
    with answering(status, length) as (url, asked), CheckedSession() as session:
        assert session.post(url, data=b"x", timeout=3).status_code == status
        assert asked == ["/in"]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "0.0.0.0", "127.1"])
def test_an_address_that_is_not_called_is_not_connected_to(scheme: str, host: str) -> None:
    with CheckedSession() as session, pytest.raises(requests.ConnectionError) as caught:
        session.post(f"{scheme}://{host}/in", data=b"x", timeout=3)
    assert "NotCalled" in repr(caught.value)
