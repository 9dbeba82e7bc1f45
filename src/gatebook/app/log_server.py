"""The published logs over HTTP, read-only, as tlog-tiles lays them out.

    GET /<log>/checkpoint                  replaced every few seconds
    GET /<log>/tile/<L>/<N>[.p/<W>]        never changes
    GET /<log>/tile/entries/<N>[.p/<W>]    never changes

`<log>` is the last part of the log's origin. Nothing but these names is ever opened.
"""

import re
from pathlib import Path
from typing import Final

from gatebook.core.errors import GatebookError, Invalid, NotFound
from gatebook.storage.folder import LogFolder
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import Answer, problem

_PATH: Final = re.compile(
    # C2SP tlog-tiles, "Tiles" and "Log entries": N in groups of three digits, W from 1 to 255.
    r"/([a-z0-9-]{1,64})/(checkpoint|tile/(?:entries|[0-9]|[1-5][0-9]|6[0-3])/"
    r"(?:x[0-9]{3}/){0,6}[0-9]{3}(?:\.p/(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?)"
)
_CHECKPOINT: Final = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"public, max-age=1"),
]
_TILE: Final = [
    (b"content-type", b"application/octet-stream"),
    (b"cache-control", b"public, max-age=31536000, immutable"),
]


class LogDoor:
    """The logs of a folder `<root>/<base>/<log>` as an ASGI application."""

    def __init__(self, root: Path, base: str) -> None:
        self._folder = root / base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await keep_alive(receive, send)
            return
        exchange = Exchange(scope, receive, send)
        try:
            answer = self._answer(exchange.method, exchange.path.decode("ascii", "replace"))
        except GatebookError as error:
            answer = problem(error)
        await exchange.answer(answer)

    def _answer(self, method: str, path: str) -> Answer:
        if method not in {"GET", "HEAD"}:
            raise Invalid("method_not_allowed", "The log is only read: GET or HEAD.")
        found = _PATH.fullmatch(path)
        body = found and LogFolder(self._folder / found[1]).read(found[2])
        if found is None or body is None:
            raise NotFound(
                "not_found",
                "There is no such file.",
                "Where a partial tile is gone, the full one is there.",
            )
        return Answer(200, _CHECKPOINT if found[2] == "checkpoint" else _TILE, body)
