"""Where published entries are read from; over HTTP in test_log_server.py too."""

from collections.abc import Iterator

import pytest

from gatebook.app.log_source import HttpLog, log_source
from gatebook.core.errors import Unavailable
from gatebook.storage.folder import LogFolder
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import Answer
from tests.servers import serving


class Strange:
    """A server that answers everything with one status and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.asked: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] == "lifespan":
            await keep_alive(receive, send)
            return
        exchange = Exchange(scope, receive, send)
        self.asked.append(exchange.path)
        await exchange.answer(Answer(self.status, [], b"something"))


@pytest.fixture(scope="module")
def strange() -> Strange:
    """The server's application."""
    return Strange()


@pytest.fixture(scope="module")
def port(strange: Strange) -> Iterator[int]:
    """Where it is served."""
    with serving(strange) as port:
        yield port


def test_a_location_is_a_folder_unless_it_is_an_address() -> None:
    assert isinstance(log_source("/data/log")("log.example/acme"), LogFolder)
    assert isinstance(log_source("http://host:1")("log.example/acme"), HttpLog)


def test_a_log_is_asked_for_by_the_last_part_of_its_origin(strange: Strange, port: int) -> None:
    strange.status = 200
    source = log_source(f"http://127.0.0.1:{port}")("log.example/acme")
    assert source.read("tile/0/000") == b"something"
    assert strange.asked[-1] == b"/acme/tile/0/000"


@pytest.mark.parametrize(
    ("status", "is_none"), [(404, True), (403, False), (301, False), (503, False)]
)
def test_only_404_says_that_there_is_no_such_file(
    strange: Strange, port: int, status: int, is_none: bool
) -> None:
    strange.status = status
    source = log_source(f"http://127.0.0.1:{port}")("log.example/acme")
    if is_none:
        assert source.read("tile/0/000") is None
    else:
        with pytest.raises(Unavailable, match=str(status)):
            source.read("tile/0/000")
