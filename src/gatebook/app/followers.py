"""The loops beside the gate: a step is taken again and again, whatever became of the last one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from gatebook.core.errors import GatebookError

_LOG = logging.getLogger(__name__)

Step = tuple[Callable[[], Awaitable[None]], float]
"""What is done again and again, and the seconds between."""


async def follow(step: Callable[[], Awaitable[object]], *, seconds: float, name: str) -> NoReturn:
    """Take a step at an interval, for ever; what goes wrong is said, once until it changes.

    What nobody expected ends a step and not the loop: each step says by itself, by what it leaves
    undone, that calls have to be refused.
    """
    before = ""
    while True:
        await asyncio.sleep(seconds)
        before = await _taken(step, name, before)


async def _taken(step: Callable[[], Awaitable[object]], name: str, before: str) -> str:
    """Take one step; what went wrong, empty if nothing did."""
    try:
        await step()
    except GatebookError as error:
        what = f"{error.code}: {error}"
        if what != before:
            _LOG.warning("%s: %s", name, what)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        if what != before:
            _LOG.exception("%s", name)
    else:
        what = ""
        if before:
            _LOG.info("%s: goes on", name)
    return what
