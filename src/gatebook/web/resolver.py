"""Looks names up so that those that hang do not hold up the others.

An event loop looks names up in a few threads that all names share, and a thread is not given back
when whoever waits for it gives up. Here each name that is being looked up has a thread of its own,
and no more than one, however many wait for it.
"""

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

MOST: Final = 100
"""Names that are being looked up at one time; beyond it the next one is not."""
KEPT_SECONDS: Final = 4
"""How long an answer is used again. The system does not say how long it holds, so no longer than a
connection is kept."""


class _Answer(NamedTuple):
    addresses: Sequence[str]
    until: float


class Resolver:
    """The names that one event loop has looked up, and those it waits for."""

    def __init__(self) -> None:
        self._kept: dict[str, _Answer] = {}
        self._asked: dict[str, asyncio.Future[Sequence[str] | OSError]] = {}

    async def resolve(self, host: str) -> Sequence[str]:
        """The addresses of a name, in the order in which the system would try them.

        Raises OSError.
        """
        loop = asyncio.get_running_loop()
        kept = self._kept.get(host)
        if kept is not None and loop.time() < kept.until:
            return kept.addresses
        asked = self._asked.get(host)
        if asked is None:
            if len(self._asked) >= MOST:
                raise OSError("too many names are being looked up")
            asked = self._asked[host] = loop.create_future()
            # It ends when the system gives up, and keeps no process from ending before.
            threading.Thread(target=self._look_up, args=(loop, host), daemon=True).start()
        found = await asyncio.shield(asked)
        if isinstance(found, OSError):
            raise found
        return found

    def _look_up(self, loop: asyncio.AbstractEventLoop, host: str) -> None:
        found: Sequence[str] | OSError
        try:
            answer = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found = [str(address[0]) for *_, address in answer]
        except OSError as error:
            found = error
        except UnicodeError:  # longer than a name of DNS can be
            found = OSError("this cannot be looked up")
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(self._answered, host, found)

    def _answered(self, host: str, found: Sequence[str] | OSError) -> None:
        self._asked.pop(host).set_result(found)
        now = asyncio.get_running_loop().time()
        self._kept = {name: kept for name, kept in self._kept.items() if now < kept.until}
        if not isinstance(found, OSError):
            self._kept[host] = _Answer(found, now + KEPT_SECONDS)
