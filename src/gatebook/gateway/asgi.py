"""The gate as an ASGI application: opened when the server starts, closed when it stops.

A probe is answered before anything that a call goes through: it costs next to nothing and leaves no
trace.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from gatebook.core.errors import GatebookError
from gatebook.gateway.bodies import Hold
from gatebook.gateway.front import Front
from gatebook.gateway.gate import Gate
from gatebook.gateway.pipeline import conduct
from gatebook.gateway.readiness import probed
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send

OpenGate = Callable[[Front], AbstractAsyncContextManager[Gate]]


class GateApplication:
    """One gate behind one listener."""

    failure: GatebookError | None = None
    """Why the gate did not open, if it did not."""

    _gate: Gate

    def __init__(self, open_gate: OpenGate) -> None:
        self._open_gate = open_gate
        self.front = Front()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or live as long as the server does."""
        if scope["type"] == "http":
            hold = Hold(self._gate.bodies, receive)
            exchange = Exchange(scope, hold.receive, send)
            answer = probed(self._gate, exchange)
            try:
                if answer is not None:
                    await exchange.answer(answer)
                else:
                    await conduct(self._gate, exchange, hold)
            finally:
                hold.release()
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self._open_gate(self.front) as self._gate:
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except GatebookError as error:
            self.failure = error
            await send({"type": "lifespan.startup.failed", "message": str(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})
