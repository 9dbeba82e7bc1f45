"""Two bare pass-throughs: a server and a client doing nothing but passing a call on.

`pyreqwest` is plain uvicorn with the fastest ready-made client; `own` is the listener and the
client of the gateway, so that what it does beyond passing on can be told from how it passes on.
Run as `python -m bench.passthrough {pyreqwest|own} PORT PROVIDER_PORT`.
"""

import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import uvicorn
from pyreqwest.client import ClientBuilder

from bench.load import PATH
from gatebook.core.addresses import may_reach
from gatebook.core.errors import GatebookError
from gatebook.web.client import Client, Origin
from gatebook.web.problem import Answer
from gatebook.web.server import Edge, server_config

_Message = dict[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class _Reply(NamedTuple):
    status: int
    content_type: bytes
    body: bytes


class PassThrough(ABC):
    """An ASGI application: reads the whole body, posts it, returns what came back."""

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """One ASGI call."""
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
            return
        message = await receive()
        body: bytes = message["body"]
        while message["more_body"]:
            message = await receive()
            body += message["body"]
        reply = await self.post(body)
        headers = [
            (b"content-type", reply.content_type),
            (b"content-length", b"%d" % len(reply.body)),
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    @abstractmethod
    async def post(self, body: bytes) -> _Reply:
        """Send a body to the provider."""


class _ByPyreqwest(PassThrough):
    def __init__(self, provider_port: int) -> None:
        self._url = f"http://127.0.0.1:{provider_port}{PATH}"
        self._client = ClientBuilder().follow_redirects(enable=False).no_proxy().build()

    async def post(self, body: bytes) -> _Reply:
        request = (
            self._client.post(self._url)
            .header("content-type", "application/json")
            .header("authorization", "Bearer sk-provider")
            .body_bytes(body)
            .build()
        )
        response = await request.send()
        content_type = response.get_header("content-type") or ""
        reply = await response.bytes()
        return _Reply(response.status, content_type.encode(), reply.to_bytes())


class _ByOwnClient(PassThrough):
    def __init__(self, provider_port: int) -> None:
        self._origin = Origin(is_tls=False, host="127.0.0.1", port=provider_port)
        self._client = Client(connect_seconds=5, may_reach=may_reach)
        self._head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{provider_port}\r\n"
            "Content-Type: application/json\r\nAuthorization: Bearer sk-provider\r\n"
        ).encode()

    async def post(self, body: bytes) -> _Reply:
        connection = await self._client.connect(self._origin)
        await connection.send(b"%bContent-Length: %d\r\n\r\n%b" % (self._head, len(body), body))
        reply = bytearray()

        def take(part: bytes) -> bool:
            reply.extend(part)
            return True

        await connection.feed(take)
        self._client.release(self._origin, connection)
        content_type = dict(connection.headers).get(b"content-type", b"")
        return _Reply(connection.status, content_type, bytes(reply))


def main() -> None:
    """Serve on this machine only."""
    kind, port, provider_port = sys.argv[1], *map(int, sys.argv[2:])
    if kind == "own":
        edge = Edge(connections=1000, head_seconds=10, body_seconds=60, refusal=_refusal)
        app = _ByOwnClient(provider_port)
        config = server_config(app, host="127.0.0.1", port=port, edge=edge, drain_seconds=1)
    else:
        config = uvicorn.Config(
            _ByPyreqwest(provider_port),
            host="127.0.0.1",
            port=port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
        )
    uvicorn.Server(config).run()


def _refusal(error: GatebookError) -> Answer:
    return Answer(400, [], error.detail.encode())


if __name__ == "__main__":
    main()
