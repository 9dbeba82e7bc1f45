"""The listener: uvicorn with uvloop and httptools, and what is refused before an application runs.

Refused at the socket, in the door's own error shape: a head over its limits (before it piles up in
memory), whatever two HTTP parsers could read differently (`ambiguity.py`), and a sender that is too
slow (slowloris); a reader that is has `flow.py`. Of what others say about the peer, nothing is
believed here (`client_address.py`).
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final, Literal, NamedTuple

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gatebook.core.errors import GatebookError, Invalid, Unavailable
from gatebook.policy.sources import Network
from gatebook.web.ambiguity import ambiguity, http_malformed
from gatebook.web.flow import Flow
from gatebook.web.problem import Answer

HEAD_BYTES: Final = 32 * 1024
HEAD_FIELDS: Final = 100
TARGET_BYTES: Final = 8 * 1024
READ_SECONDS: Final = 60
"""How long a peer may read next to nothing of what it was sent (nginx's send_timeout)."""
LINGER_SECONDS: Final = 5
"""How long what still comes after a refusal is read and dropped, so that the answer gets through:
closing with unread data resets the connection, and the peer may lose what we said."""

_PART_BYTES: Final = 256 * 1024
_OFFER: Final = frozenset((b"upgrade", b"connection", b"http2-settings"))
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
# A provider may answer with a status that has no name, such as Anthropic's 529.
_STATUS_LINES: Final = {
    status: f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode()
    for status in range(100, 600)
}


class Edge(NamedTuple):
    """How much and how long a listener listens, how it refuses, and which proxies it believes."""

    connections: int
    head_seconds: float
    body_seconds: float
    refusal: Callable[[GatebookError], Answer]
    proxies: Sequence[Network] = ()


class EdgeProtocol(HttpToolsProtocol):
    """One connection, and one cycle for each request on it, of which several may be waiting.

    Applications find both as `scope["state"]["connection"]` and `["cycle"]`.
    """

    edge: ClassVar[Edge]
    flow: Flow
    keeps_alive: ClassVar[bool] = True
    """Whether a connection may be used again; set for all of a listener when it ends."""

    fault: GatebookError | None = None
    """Why the body of the current request cannot be read to its end."""
    hang_up: Callable[[], object] | None = None
    """Called when the peer leaves; set by whoever answers, while it matters."""
    cut: Callable[[GatebookError], object] | None = None
    """Called to end an answer early, with what to tell the peer; set likewise."""

    _part: Literal["none", "head", "body"] = "none"
    _timer: asyncio.TimerHandle | None = None
    _timed: Literal["none", "head", "body"] = "none"
    _head_bytes = 0
    _head_fields = 0
    _fed_bytes = 0
    _has_grown = False
    _error: GatebookError | None = None
    _is_deaf = False

    @property
    def is_gone(self) -> bool:
        """Whether the peer has left."""
        return self.transport.is_closing()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """A peer connects; it has `head_seconds` to say something."""
        super().connection_made(transport)
        self.flow = Flow(transport, self.loop, READ_SECONDS)
        self.access_log = False  # an address may hold a key, whoever listens to that logger
        if len(self.connections) > self.edge.connections:
            self._turn_away(
                Unavailable("too_many_connections", "Too many connections.", retry_after_seconds=1)
            )
        else:
            self._time("head", self.edge.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer left, or we closed."""
        super().connection_lost(exc)
        self.flow.stop()
        self._time("none")
        if self.hang_up is not None:
            self.hang_up()

    def data_received(self, data: bytes) -> None:
        """Bytes came; a request that is complete by now needs no timer."""
        if self._is_deaf:
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("")
        self._watch(len(data))

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._part = "head"
        self._head_bytes = self._head_fields = self._fed_bytes = 0
        self.scope["state"]["connection"] = self

    def on_url(self, url: bytes) -> None:
        """The request target, or a part of it."""
        super().on_url(url)
        if len(self.url) > TARGET_BYTES:
            raise self._refused(_head_too_large())

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field, or one trailer field; does all that uvicorn's own does."""
        self._head_fields += 1
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES or self._head_fields > HEAD_FIELDS:
            raise self._refused(_head_too_large())
        if self._part != "head":
            # The application would see it among the headers, after they were checked.
            raise self._refused(Invalid("trailer_refused", "Trailer fields are not accepted."))
        if b"_" in name:
            # Servers that turn `-` into `_` cannot tell it from the real one.
            raise self._refused(Invalid("header_refused", "A header name contains an underscore."))
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is complete and within its limits; is it one that everybody reads alike?"""
        if self.parser.get_method() == b"CONNECT":
            # To the parser always an upgrade, which reading without the offer cannot undo.
            raise self._refused(Invalid("method_refused", "CONNECT is for proxies; this is none."))
        error = ambiguity(self.url, self.headers, self.parser.get_http_version())
        if error is not None:
            raise self._refused(error)
        self._part = "body"
        self.fault = None
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            self.cycle.keep_alive = self.cycle.keep_alive and self.keeps_alive
            self.scope["state"]["cycle"] = self.cycle

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._has_grown = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request has come in whole."""
        self._part = "none"
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Answered; what still comes of the request is dropped for a while, then the peer is."""
        super().on_response_complete()
        self._insist()
        if self._part == "body":
            self._time("body", LINGER_SECONDS)

    def shutdown(self) -> None:
        """The server stops; what is idle is closed."""
        super().shutdown()
        self._insist()

    def close_idle(self) -> None:
        """Nothing was asked for a while."""
        if self.scheme == "https" and self.flow.is_behind:
            # Closed, it would have 30 seconds for the rest, however it reads.
            self.flow.watch()
            again = self.loop.call_later(self.timeout_keep_alive, self.close_idle)
            self.timeout_keep_alive_task = again
            return
        super().timeout_keep_alive_handler()
        self._insist()

    timeout_keep_alive_handler = close_idle

    async def answer(self, cycle: RequestResponseCycle, answer: Answer) -> None:
        """Give a whole response: by ASGI head and body leave in a segment each, here in one.

        What is large goes as fast as the peer reads, and is held by whoever waits for this.
        Ends the cycle as uvicorn's own `send` does with the last part of a body. `self.cycle` may
        be that of a later request, which came before this one was answered.
        """
        dated = Answer(answer.status, [*cycle.default_headers, *answer.headers], answer.body)
        has_body = cycle.scope["method"] != "HEAD"
        data = memoryview(_encode(dated, stays=cycle.keep_alive, has_body=has_body))
        for at in range(0, len(data), _PART_BYTES):
            if cycle.flow.write_paused and not cycle.disconnected:
                await cycle.flow.drain()
            if cycle.disconnected:
                return
            self.transport.write(data[at : at + _PART_BYTES])
            cycle.response_started = True
        cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()

    def send_400_response(self, msg: str) -> None:
        """What the parser could not read, or a callback above refused."""
        self._turn_away(self._error or http_malformed())

    def _read_without_upgrade(self, rest: bytes) -> None:
        """Read a request that offers to upgrade as one that does not (RFC 9110, 7.8).

        Java's client offers HTTP/2 with its first request. The parser takes what follows the head
        for another protocol, so the head is read again without the offer, the body behind it.
        """
        fields = [field for field in self.headers if field[0] not in _OFFER]
        fields.append((b"connection", b"close"))
        line = b"%b %b HTTP/1.1\r\n" % (self.parser.get_method(), self.url)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(line + b"".join([b"%b: %b\r\n" % field for field in fields]))
        self.data_received(b"\r\n" + rest)

    def _refused(self, error: GatebookError) -> GatebookError:
        """Remember why: the parser wraps what its callbacks raise."""
        self._error = error
        return error

    def _watch(self, count: int) -> None:
        if self._is_deaf:
            return
        # What has not become a field or a part of the body yet, in the parser's hands: the head
        # with its white space and names, what stands between two chunks, trailer fields.
        self._fed_bytes = 0 if self._has_grown else self._fed_bytes + count
        self._has_grown = False
        if self._part != "none" and self._fed_bytes > 2 * HEAD_BYTES:
            self._turn_away(_head_too_large())
        elif self._part == "head":
            if self._timed == "none":
                self._time("head", self.edge.head_seconds)
        elif self._part != self._timed:
            self._time(self._part, self.edge.body_seconds)

    def _time(self, part: Literal["none", "head", "body"], seconds: float = 0) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timed = part
        if part != "none":
            self._timer = self.loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        self._timer = None
        if self._part == "head":
            self._turn_away(request_timeout())
        elif self._part == "none" or self.cycle.response_complete:
            self.transport.abort()
        else:
            self._tell_reader(request_timeout())

    def _tell_reader(self, error: GatebookError) -> None:
        self.fault = error
        self.cycle.message_event.set()

    def _turn_away(self, error: GatebookError) -> None:
        """Answer without an application, stop listening, and close after a while."""
        self._is_deaf = True
        if self.transport.is_closing():
            return
        if self._part == "body" and not self.cycle.response_started:
            self._tell_reader(error)  # who reads the body answers, and records it
            return
        if self._part == "body" and self.cycle.response_complete:
            return  # answered already; the timer lets the peer go
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False  # the answers to earlier requests are under way
            return
        self._unset_keepalive_if_required()
        self.transport.write(_encode(self.edge.refusal(error), stays=False, has_body=True))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._time("none")
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _insist(self) -> None:
        """Have a connection that is being closed end: its peer has to read, and to agree in TLS."""
        if self.transport.is_closing():
            self.flow.watch()
            if self.scheme == "https":
                self.loop.call_later(LINGER_SECONDS, self._let_go)

    def _let_go(self) -> None:
        if not self.flow.is_behind:
            self.transport.abort()


def _encode(answer: Answer, *, stays: bool, has_body: bool) -> bytes:
    """A response as it goes over the wire; `stays` says whether the connection does."""
    status, headers, body = answer
    fields = [b"%b: %b\r\n" % field for field in headers]
    return b"%bcontent-length: %d\r\n%b\r\n%b" % (
        _STATUS_LINES[status] + b"".join(fields),
        len(body),
        b"" if stays else b"connection: close\r\n",
        body if has_body else b"",
    )


def request_timeout() -> GatebookError:
    """The peer took too long to send its request (RFC 9110, 15.5.9)."""
    return Invalid("request_timeout", "The request did not arrive in time.", retry_after_seconds=1)


def server_config(
    app: Any,
    *,
    host: str,
    port: int,
    edge: Edge,
    drain_seconds: int,
    tls: ssl.SSLContext | None = None,
) -> Config:
    """How uvicorn serves `app`: quiet, trusting no header about the peer, saying no version."""

    class Connection(EdgeProtocol):
        pass

    Connection.edge = edge
    return Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=drain_seconds,
        ssl_context_factory=(lambda *_: tls) if tls is not None else None,
    )


def _head_too_large() -> GatebookError:
    return Invalid(
        "head_too_large",
        f"The head of a request has at most {HEAD_FIELDS} fields and {HEAD_BYTES} bytes.",
        "Send fewer or shorter headers.",
    )
