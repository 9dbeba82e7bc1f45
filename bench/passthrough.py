"""The bare pass-through: the stack the gateway is built on, doing nothing but passing a call on.

uvicorn with uvloop and httptools, one raw ASGI function, one pyreqwest client.
Run as `python -m bench.passthrough PORT PROVIDER_PORT`.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from pyreqwest.client import Client, ClientBuilder

from bench.load import PATH

_Message = dict[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class PassThrough:
    """Reads the whole body, posts it to the provider, returns status, content type and body."""

    def __init__(self, provider_port: int) -> None:
        self._url = f"http://127.0.0.1:{provider_port}{PATH}"
        self._client: Client | None = None

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """One ASGI call."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._pass(receive, send)

    async def _live(self, receive: _Receive, send: _Send) -> None:
        await receive()
        self._client = ClientBuilder().follow_redirects(enable=False).no_proxy().build()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._client.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _pass(self, receive: _Receive, send: _Send) -> None:
        assert self._client is not None
        message = await receive()
        body: bytes = message["body"]
        while message["more_body"]:
            message = await receive()
            body += message["body"]
        request = (
            self._client.post(self._url)
            .header("content-type", "application/json")
            .header("authorization", "Bearer sk-provider")
            .body_bytes(body)
            .build()
        )
        response = await request.send()
        reply = (await response.bytes()).to_bytes()
        content_type = response.get_header("content-type") or "application/octet-stream"
        headers = [
            (b"content-type", content_type.encode()),
            (b"content-length", str(len(reply)).encode()),
        ]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply})


def main() -> None:
    """Serve on this machine only."""
    port, provider_port = map(int, sys.argv[1:])
    uvicorn.run(
        PassThrough(provider_port),
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


if __name__ == "__main__":
    main()
