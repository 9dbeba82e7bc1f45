"""A vendor that fails in every way a vendor can, chosen by the model that is asked for.

`python -m bench.faulty PORT`; tests run it in a thread. It speaks OpenAI's chat completions and
Anthropic's messages, as far as a fault leaves anything to say.
"""

import asyncio
import json
import socket
import struct
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final

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
    "stream-error",
    "stream-garbage",
    "stream-silent",
)
"""Each is asked for as the model `fault-<name>`; any other model just answers."""

_HEAD_LIMIT: Final = 64 * 1024
_SLOW_SECONDS: Final = 0.3
_LINGER_RESET: Final = struct.pack("ii", 1, 0)

_Fault = Callable[["_Answer"], Awaitable[None]]


class FaultyVendor:
    """Serves on a free port, or on a given one, until it is left."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.requests = 0
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
                answer = _Answer(*request, writer)
                fault = _FAULTS.get(answer.model.removeprefix("fault-"), _well)
                await fault(answer)
                if fault not in _KEPT:
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


class _Answer:
    """What is known of a request, and the way back."""

    def __init__(self, path: str, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        self.model = str(body.get("model", ""))
        self.streamed = bool(body.get("stream"))
        self.is_messages = path.startswith("/v1/messages")
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
    if answer.streamed:
        await _stream(answer, end=True)
    else:
        await answer.whole(200, _reply(answer))


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
    """The body comes byte by byte."""
    body = _reply(answer)
    await answer.send(_head(200, "Content-Type: application/json", f"Content-Length: {len(body)}"))
    for at in range(0, len(body), 16):
        await answer.send(body[at : at + 16])
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
    await answer.whole(429, _error(answer, "rate_limit_error"), "Retry-After: 1")


async def _broken(answer: _Answer) -> None:
    await answer.whole(500, _error(answer, "api_error"))


async def _away(answer: _Answer) -> None:
    await answer.whole(503, _error(answer, "overloaded_error"))


async def _away_between(answer: _Answer) -> None:
    """What Envoy says in the vendor's place, which may have the request."""
    body = b"upstream connect error or disconnect/reset before headers"
    fields = ("Server: envoy", "Content-Type: text/plain", f"Content-Length: {len(body)}")
    await answer.send(_head(503, *fields) + body)


async def _stream_cut(answer: _Answer) -> None:
    """A stream that ends in the middle, or a whole answer that does."""
    await _stream(answer, end=False)


async def _stream_error(answer: _Answer) -> None:
    """A stream that ends with the vendor's own error."""
    await _stream(answer, end=False)
    name = b"event: error\n" if answer.is_messages else b""
    await answer.event(name + b"data: " + _error(answer, "overloaded_error") + b"\n\n")
    await answer.send(b"0\r\n\r\n")


async def _stream_garbage(answer: _Answer) -> None:
    """A stream that turns into something else."""
    await _stream(answer, end=False)
    await answer.event(b"data: {not json\n\n")


async def _stream_silent(answer: _Answer) -> None:
    """A stream that stops in the middle and stays open."""
    await _stream(answer, end=False)
    await asyncio.sleep(3600)


async def _stream(answer: _Answer, *, end: bool) -> None:
    await answer.send(_head(200, "Content-Type: text/event-stream", "Transfer-Encoding: chunked"))
    events = _events(answer)
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
    "stream-error": _stream_error,
    "stream-garbage": _stream_garbage,
    "stream-silent": _stream_silent,
}
_KEPT: Final = (_well, _slow_head, _slow_body, _not_json, _busy, _broken, _away, _away_between)
"""Those after which the connection goes on."""


def _reply(answer: _Answer) -> bytes:
    if answer.is_messages:
        said: dict[str, Any] = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": answer.model,
            "content": [{"type": "text", "text": "Well."}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 3, "output_tokens": 2},
        }
    else:
        message = {"role": "assistant", "content": "Well."}
        said = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": answer.model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        }
    return json.dumps(said).encode()


def _events(answer: _Answer) -> list[bytes]:
    whole = json.loads(_reply(answer))
    if answer.is_messages:
        begun = {**whole, "content": [], "stop_reason": None}
        block = {"type": "text", "text": ""}
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        data: list[dict[str, Any]] = [
            {"type": "message_start", "message": begun},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": "Well."},
            },
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 2}},
            {"type": "message_stop"},
        ]
        return [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in data]
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1}
    deltas = [({"role": "assistant", "content": "Well."}, None), ({}, "stop")]
    chunks: list[dict[str, Any]] = [
        {
            **chunk,
            "model": answer.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        for delta, finish in deltas
    ]
    chunks.append({**chunk, "model": answer.model, "choices": [], "usage": whole["usage"]})
    return [*[f"data: {json.dumps(each)}\n\n".encode() for each in chunks], b"data: [DONE]\n\n"]


def _error(answer: _Answer, kind: str) -> bytes:
    error = {"type": kind, "message": "Not now."}
    if answer.is_messages:
        return json.dumps({"type": "error", "error": error}).encode()
    return json.dumps({"error": {**error, "param": None, "code": None}}).encode()


if __name__ == "__main__":
    with FaultyVendor(int(sys.argv[1])) as vendor:
        vendor.join()
