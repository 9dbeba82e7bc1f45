"""A vendor that fails in every way a vendor can, chosen by the model that is asked for.

`python -m bench.faulty PORT`; tests run it in a thread. It speaks every dialect, as far as a fault
leaves anything to say.
"""

import asyncio
import json
import socket
import struct
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final

from bench.faulty_words import Words, words

FAULTS: Final = (
    "reset",
    "closed",
    "silent",
    "slow-head",
    "slow-body",
    "half-closed",
    "not-http",
    "not-json",
    "429",
    "500",
    "503",
    "503-between",
    "stream-cut",
    "stream-garbage",
    "stream-silent",
    "stream-error",
)
"""Each is asked for as the model `fault-<name>`, with whatever behind a slash; any other one just
answers."""

_HEAD_LIMIT: Final = 64 * 1024
_SLOW_SECONDS: Final = 0.3
_LINGER_RESET: Final = struct.pack("ii", 1, 0)

_Fault = Callable[["_Answer"], Awaitable[None]]


class FaultyVendor:
    """Serves on a free port, or on a given one, until it is left."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.requests = 0
        self.faults: dict[str, str] = {}
        """Of other models, for as long as they stand here."""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="faulty vendor", daemon=True)

    def __enter__(self) -> "FaultyVendor":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def join(self) -> None:
        """Wait until it ends by itself, which it does not."""
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close in the turn after

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _request(reader):
                self.requests += 1
                answer = _Answer(words(*request), writer)
                model = answer.said.model
                name = self.faults.get(model, model.removeprefix("fault-").partition("/")[0])
                fault = _FAULTS.get(name, _well)
                await fault(answer)
                if fault not in _KEPT:
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


class _Answer:
    """What there is to say to a request, and the way back."""

    def __init__(self, said: Words, writer: asyncio.StreamWriter) -> None:
        self.said = said
        self.writer = writer

    async def whole(self, status: int, body: bytes, *headers: str) -> None:
        """A whole response."""
        fields = ("Content-Type: application/json", f"Content-Length: {len(body)}", *headers)
        await self.send(_head(status, *fields) + body)

    async def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def event(self, data: bytes) -> None:
        """A chunk of a stream."""
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, Any]] | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    lines = head[:_HEAD_LIMIT].decode("latin-1").split("\r\n")
    lengths = [line[15:] for line in lines if line.lower().startswith("content-length:")]
    body = await reader.readexactly(int(lengths[0])) if lengths else b"{}"
    return lines[0].split(" ")[1], json.loads(body)


def _head(status: int, *fields: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Said", *fields, "", ""]).encode()


async def _well(answer: _Answer) -> None:
    if answer.said.is_streamed:
        await _stream(answer, end=True)
    else:
        await answer.whole(200, answer.said.whole)


async def _reset(answer: _Answer) -> None:
    """The connection is reset when the request has come."""
    raw = answer.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
    answer.writer.transport.abort()


async def _closed(answer: _Answer) -> None:
    """The connection is closed when the request has come."""
    answer.writer.close()


async def _silent(answer: _Answer) -> None:
    """Nothing is ever said."""
    del answer
    await asyncio.sleep(3600)


async def _slow_head(answer: _Answer) -> None:
    """The head comes late, but comes."""
    await asyncio.sleep(_SLOW_SECONDS)
    await _well(answer)


async def _slow_body(answer: _Answer) -> None:
    """The body comes bit by bit."""
    body = answer.said.whole
    await answer.send(_head(200, "Content-Type: application/json", f"Content-Length: {len(body)}"))
    step = len(body) // 20
    for at in range(0, len(body), step):
        await answer.send(body[at : at + step])
        await asyncio.sleep(_SLOW_SECONDS / 20)


async def _half_closed(answer: _Answer) -> None:
    """A part of the body comes, then the vendor's half of the connection is closed."""
    await answer.send(_head(200, "Content-Type: application/json", "Content-Length: 1000") + b"{")
    answer.writer.write_eof()


async def _not_http(answer: _Answer) -> None:
    await answer.send(b"220 mail.example ESMTP\r\n")


async def _not_json(answer: _Answer) -> None:
    await answer.whole(200, b"<html>down for maintenance</html>")


async def _busy(answer: _Answer) -> None:
    await answer.whole(429, answer.said.error(429), *answer.said.error_headers, "Retry-After: 1")


async def _broken(answer: _Answer) -> None:
    await answer.whole(500, answer.said.error(500), *answer.said.error_headers)


async def _away(answer: _Answer) -> None:
    await answer.whole(503, answer.said.error(503), *answer.said.error_headers)


async def _away_between(answer: _Answer) -> None:
    """What Envoy says in the vendor's place, which may have the request."""
    body = b"upstream connect error or disconnect/reset before headers"
    fields = ("Server: envoy", "Content-Type: text/plain", f"Content-Length: {len(body)}")
    await answer.send(_head(503, *fields) + body)


async def _stream_cut(answer: _Answer) -> None:
    """A stream that ends in the middle, or a whole answer that does."""
    await _stream(answer, end=False)


async def _stream_garbage(answer: _Answer) -> None:
    """A stream that turns into something else."""
    await _stream(answer, end=False)
    await asyncio.sleep(_SLOW_SECONDS)  # nothing passes of a part that cannot be read
    await answer.event(b"data: {not json\n\n")


async def _stream_silent(answer: _Answer) -> None:
    """A stream that stops in the middle and stays open."""
    await _stream(answer, end=False)
    await asyncio.sleep(3600)


async def _stream_error(answer: _Answer) -> None:
    """A stream in which the vendor says that it failed."""
    await _stream(answer, end=False)
    await answer.event(answer.said.error_event)
    await answer.send(b"0\r\n\r\n")


async def _stream(answer: _Answer, *, end: bool) -> None:
    kind = f"Content-Type: {answer.said.stream_type}"
    await answer.send(_head(200, kind, "Transfer-Encoding: chunked"))
    events = answer.said.events
    for event in events if end else events[:-2]:
        await answer.event(event)
    if end:
        await answer.send(b"0\r\n\r\n")


_FAULTS: Final[dict[str, _Fault]] = {
    "reset": _reset,
    "closed": _closed,
    "silent": _silent,
    "slow-head": _slow_head,
    "slow-body": _slow_body,
    "half-closed": _half_closed,
    "not-http": _not_http,
    "not-json": _not_json,
    "429": _busy,
    "500": _broken,
    "503": _away,
    "503-between": _away_between,
    "stream-cut": _stream_cut,
    "stream-garbage": _stream_garbage,
    "stream-silent": _stream_silent,
    "stream-error": _stream_error,
}
_KEPT: Final = (_well, _slow_head, _slow_body, _not_json, _busy, _broken, _away, _away_between)
"""Those after which the connection goes on."""


if __name__ == "__main__":
    with FaultyVendor(int(sys.argv[1])) as vendor:
        vendor.join()
