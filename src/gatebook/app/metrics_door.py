"""What monitoring is told, over HTTP on a port of its own and read-only.

    GET /metrics    everything that is counted, as Prometheus reads it
    GET /readyz     which check lets no call pass, and the code of what is wrong
    GET /healthz    answered while this process lives

It lives in the process it tells of and on the same loop: one that is stuck does not answer here.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from gatebook.core.errors import GatebookError, Invalid, NotFound
from gatebook.gateway.exposition import MEDIA_TYPE
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import Answer, Headers, problem

_FRESH: Final = (b"cache-control", b"no-store")
_TEXT: Final[Headers] = [(b"content-type", MEDIA_TYPE), _FRESH]
_JSON: Final[Headers] = [(b"content-type", b"application/json"), _FRESH]


class MetricsDoor:
    """An ASGI application; `expose` gives the metrics, `checks` what is wrong by check."""

    def __init__(self, expose: Callable[[], bytes], checks: Callable[[], dict[str, str]]) -> None:
        self._expose = expose
        self._checks = checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await keep_alive(receive, send)
            return
        exchange = Exchange(scope, receive, send)
        try:
            answer = self._answer(exchange)
        except GatebookError as error:
            answer = problem(error)
        await exchange.answer(answer)

    def _answer(self, exchange: Exchange) -> Answer:
        if exchange.method not in {"GET", "HEAD"}:
            raise Invalid("method_not_allowed", "This is only read: GET or HEAD.")
        match exchange.path:
            case b"/metrics":
                return Answer(200, _TEXT, self._expose())
            case b"/readyz":
                found = self._checks()
                failing = {name: code for name, code in found.items() if code}
                said = {"ready": not failing, "checks": [*found], "failing": failing}
                return Answer(503 if failing else 200, _JSON, msgspec.json.encode(said))
            case b"/healthz":
                return Answer(200, _JSON, b'{"live":true}')
        raise NotFound("not_found", "There is /metrics, /readyz and /healthz here.")
