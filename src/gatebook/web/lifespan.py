"""ASGI's lifespan for an application that has nothing to start and nothing to stop."""

from gatebook.web.body import Receive
from gatebook.web.exchange import Send


async def keep_alive(receive: Receive, send: Send) -> None:
    """Say yes to the start and to the end."""
    for name in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{name}.complete"})
