"""Work that outlives the request that began it; the only place that creates tasks.

asyncio keeps weak references to tasks only, so one nobody holds may vanish half-way; one nobody
awaits fails in silence. Here each is held until it is done, and a failure is logged.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_LOG = logging.getLogger(__name__)


class Tasks:
    """The running tasks of one process."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
        """Run `work` beside its caller; `name` says in the log what failed."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def finish(self, seconds: float) -> None:
        """Wait for everything that runs, at most so long; cancel what is left."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for task in late:
                task.cancel()

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _LOG.error("%s failed", task.get_name(), exc_info=error)
