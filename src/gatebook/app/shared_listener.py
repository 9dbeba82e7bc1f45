"""A listener that several processes have: each takes its turn.

The kernel wakes all who wait for a connection, and the first takes it. If that one goes on taking,
it has all that an agent opens at once, and the other cores have nothing to do: measured, 16 of 16.
So whoever has taken one leaves the next to the others for a millisecond, which makes it 8 and 8.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from gatebook.web.tasks import Tasks

_LOG: Final = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 0.001
_NO_ROOM_SECONDS: Final = 1


class SharedListener:
    """Lets in on the running loop until closed; like asyncio.Server, as far as uvicorn asks."""

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext | None,
        handshake_seconds: float,
    ) -> None:
        """`listener` listens, and is closed by others."""
        listener.setblocking(False)
        self._listener = listener
        self._protocol = protocol
        self._context = context
        self._handshake_seconds = handshake_seconds if context else None
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._tasks = Tasks()
        self._wait()

    def close(self) -> None:
        """Let nobody in any more."""
        self._loop.remove_reader(self._listener)
        if self._pause is not None:
            self._pause.cancel()

    async def wait_closed(self) -> None:
        """Nothing is left to wait for."""

    def _wait(self) -> None:
        self._loop.add_reader(self._listener, self._take)

    def _take(self) -> None:
        self._loop.remove_reader(self._listener)
        pause: float = _PAUSE_SECONDS
        try:
            peer, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            pass  # another one was faster, or the peer has thought better of it
        except OSError as error:
            _LOG.error("nobody can be let in: %s", error.strerror)
            pause = _NO_ROOM_SECONDS
        else:
            self._tasks.spawn(self._let_in(peer), "letting in")
        self._pause = self._loop.call_later(pause, self._wait)

    async def _let_in(self, peer: socket.socket) -> None:
        with suppress(OSError):  # it has left already
            await self._loop.connect_accepted_socket(
                self._protocol,
                peer,
                ssl=self._context,
                ssl_handshake_timeout=self._handshake_seconds,
            )
