"""A provider whose streams go on until a test lets them end."""

import asyncio
import json
import threading

from gatebook.app.simulated.provider import SimulatedProvider
from gatebook.core.clock import SystemClock
from gatebook.core.ids import system_entropy
from gatebook.web.body import Receive
from gatebook.web.exchange import Scope, Send

_PAUSE_SECONDS = 0.02


class PacedProvider:
    """Streams of the model `sim-paced` have a part every 20 ms until `end` is set; others end."""

    def __init__(self) -> None:
        self.end = threading.Event()
        self.streams = 0
        self._other = SimulatedProvider(SystemClock(), system_entropy)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        if b"sim-paced" in body:
            await self._stream(send)
            return

        async def again() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._other(scope, again, send)

    async def _stream(self, send: Send) -> None:
        self.streams += 1
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while not self.end.is_set():
            await send(_part(_chunk({"content": "and "}, None)))
            await asyncio.sleep(_PAUSE_SECONDS)
        await send(_part(_chunk({}, "stop")))
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


def _part(event: object) -> dict[str, object]:
    body = b"data: " + json.dumps(event).encode() + b"\n\n"
    return {"type": "http.response.body", "body": body, "more_body": True}


def _chunk(delta: dict[str, str], finish_reason: str | None) -> dict[str, object]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "sim-paced",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }
