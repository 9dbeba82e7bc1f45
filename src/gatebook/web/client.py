"""An HTTP/1.1 client whose requests can be cut at any moment: one request, one connection.

Cancelling the task that waits closes the connection, so the server learns at once that nobody waits
any more. Nothing is followed, decompressed, retried or taken from the environment, and no more is
read than the caller takes. Names are resolved here, and what is connected to is the address that
was checked. Sources: RFC 9110, RFC 9112.
"""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

import httptools

from gatebook.core.addresses import read_host
from gatebook.web.resolver import Resolver

_LOG = logging.getLogger(__name__)

HEAD_BYTES: Final = 64 * 1024
"""Most that is read between two parts of a body, and before the first one."""
BUFFER_BYTES: Final = 256 * 1024
IDLE_SECONDS: Final = 4
"""Below the 5 s after which common servers close an idle connection: whoever writes into one that
is just being closed cannot know whether the request was read."""

Fields = list[tuple[bytes, bytes]]
Take = Callable[[bytes], bool]
"""Takes a part of a body at once; False: no more for now."""
Resolve = Callable[[str], Awaitable[Sequence[str]]]


class NotSent(ConnectionError):
    """No connection came about; nothing of the request has left."""


class NotCalled(NotSent):
    """The server's name leads, or may lead, to an address that calls do not go to."""


class Broken(ConnectionError):
    """The connection broke or made no sense; the request may have been carried out."""


class Origin(NamedTuple):
    """A server."""

    is_tls: bool
    host: str
    port: int


class Connection(asyncio.Protocol):
    """One connection, carrying one request at a time."""

    status = 0
    headers: Fields
    is_complete = True
    """The response has come in whole."""

    _transport: asyncio.Transport
    _parser: httptools.HttpResponseParser

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self._rest = bytearray()  # of one piece: small ones take a multiple of what they hold
        self._take: Take | None = None
        self._other_bytes = 0
        self._has_head = False
        self._is_paused = False
        self._ends_with_connection = False
        self._may_stay = False
        self.idle_at = 0.0

    @property
    def is_reusable(self) -> bool:
        """Whether another request may follow: nothing of the last response may be left in it.

        What is left would be read as the beginning of somebody else's answer.
        """
        return (
            self.is_complete
            and not self._rest
            and not self._is_paused
            and self._error is None
            and self._may_stay
            and not self._transport.is_closing()
        )

    @property
    def buffered(self) -> int:
        """Bytes of the body that came and were not taken yet."""
        return len(self._rest)

    @property
    def peer(self) -> str:
        """The address at the other end."""
        name = self._transport.get_extra_info("peername")
        return str(name[0]) if name else ""

    async def send(self, request: bytes) -> None:
        """Send a whole request and wait for the head of its response; raises Broken."""
        self.status = 0
        self.headers = []
        self.is_complete = self._has_head = False
        self._other_bytes = 0
        self._transport.write(request)
        while not self._has_head:
            await self._change()

    async def feed(self, take: Take) -> bool:
        """Give `take` each part of the body the moment it comes, until it wants no more.

        Returns whether the body has ended; raises Broken, and what `take` raises. No task is woken
        for a part: with many slow streams that is most of what a part costs.
        """
        if self._rest:
            part, self._rest = bytes(self._rest), bytearray()
            if self._is_paused:
                self._is_paused = False
                self._transport.resume_reading()
            if not take(part):
                return False
        self._take = take
        try:
            while self._take is not None and not self.is_complete:
                await self._change()
        finally:
            self._take = None
        return self.is_complete and not self._rest

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self._transport.abort()

    async def _change(self) -> None:
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _break(self, error: BaseException) -> None:
        self._error = error
        self._transport.abort()
        self._wake()

    # -- what the transport says ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # always TCP here
        """Connected."""
        self._transport = transport
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self.is_complete:
            self._break(Broken("the server spoke without being asked"))
            return
        # A part of a body sets it back to 0: what is left is of the head, of what stands between
        # two chunks, or of trailer fields, which the parser would gather without end.
        self._other_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self._break(error.__context__ or error)  # what `take` raised, or `on_message_begin`
            return
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._break(Broken("the response is not HTTP/1"))
            return
        if self._other_bytes > HEAD_BYTES and not self.is_complete:
            self._break(Broken("the head of the response is too large"))
        elif self.buffered > BUFFER_BYTES and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed by either side."""
        if not self.is_complete and self._has_head and self._ends_with_connection and exc is None:
            self.is_complete = True
        if self._error is None:
            self._error = Broken("the connection was closed")
        self._wake()

    # -- what the parser says ---------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A response begins; a second one would be somebody else's."""
        if self.is_complete:
            raise Broken("the server answered twice")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field, or a trailer field, which is dropped."""
        if not self._has_head:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is complete; an interim response (1xx) is not what we wait for."""
        status = self._parser.get_status_code()
        if status < 200:
            self.headers = []
            return
        self.status = status
        self._has_head = True
        self._may_stay = self._parser.should_keep_alive()
        names = {name for name, _ in self.headers}
        self._ends_with_connection = not names & {b"content-length", b"transfer-encoding"}
        self._wake()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._other_bytes = 0
        if self._take is None:
            self._rest += body
        elif not self._take(body):
            self._take = None
            self._wake()

    def on_message_complete(self) -> None:
        """The response is complete, unless it was an interim one."""
        if self._has_head:
            self.is_complete = True
            self._wake()


class Client:
    """Connections to servers, kept for a while after use."""

    def __init__(
        self,
        connect_seconds: float,
        may_reach: Callable[[str], bool],
        resolve: Resolve | None = None,
    ) -> None:
        """`may_reach` is asked about every address that a name leads to, at every connection."""
        self._connect_seconds = connect_seconds
        self._may_reach = may_reach
        self._resolve = resolve or Resolver().resolve
        self._refused: set[Origin] = set()
        self._idle: dict[Origin, deque[Connection]] = {}
        self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])

    async def connect(self, origin: Origin) -> Connection:
        """A connection to a server, fresh or kept; raises NotSent."""
        loop = asyncio.get_running_loop()
        kept = self._kept(origin, loop.time())
        while kept:
            connection = kept.pop()
            if connection.is_reusable:
                return connection
        try:
            async with asyncio.timeout(self._connect_seconds):
                connection = await self._fresh(origin)
        except NotCalled as error:
            if origin not in self._refused:
                self._refused.add(origin)
                _LOG.warning("nothing was sent to %s: %s", origin.host, error)
            raise
        except (OSError, TimeoutError) as error:
            raise NotSent(type(error).__name__) from error
        self._refused.discard(origin)
        return connection

    async def _fresh(self, origin: Origin) -> Connection:
        """A new connection, to an address that was checked; raises OSError."""
        failure: OSError = NotSent("the name leads nowhere")
        for address in await self._addresses(origin):
            try:
                return await self._dial(origin, address)
            except NotCalled:
                raise
            except OSError as error:
                failure = error
        raise failure

    async def _addresses(self, origin: Origin) -> Sequence[str]:
        """Where a server is; raises NotCalled if calls do not go to all of it.

        A server has no address of that kind, so a name with one is broken or in bad hands. To skip
        that address would leave it to whoever answers for the name which one is called.
        """
        try:
            host = read_host(origin.host)
        except ValueError:
            raise NotCalled("the host is spelled in a way that not everybody reads alike") from None
        if isinstance(host, str):
            addresses = await self._resolve(host)
        else:
            addresses = [str(host)]
        for address in addresses:
            if not self._may_reach(address):
                raise NotCalled(f"it leads to {address}")
        return addresses

    async def _dial(self, origin: Origin, address: str) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(loop),
            address,
            origin.port,
            ssl=self._tls if origin.is_tls else None,
            server_hostname=origin.host if origin.is_tls else None,
        )
        if not self._may_reach(connection.peer):
            connection.abort()
            raise NotCalled(f"what answered is {connection.peer}")
        return connection

    def release(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection for the next request, or close it if it cannot carry one."""
        if connection.is_reusable:
            connection.idle_at = asyncio.get_running_loop().time()
            self._kept(origin, connection.idle_at).append(connection)
        else:
            connection.abort()

    def close(self) -> None:
        """Close every connection that is kept."""
        for connections in self._idle.values():
            for connection in connections:
                connection.abort()
        self._idle.clear()

    def _kept(self, origin: Origin, now: float) -> deque[Connection]:
        """The connections kept to a server, the ones idle for too long closed."""
        kept = self._idle.setdefault(origin, deque())
        while kept and now - kept[0].idle_at > IDLE_SECONDS:
            kept.popleft().abort()
        return kept
