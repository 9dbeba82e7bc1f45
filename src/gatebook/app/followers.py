"""The loops beside the gate: a step is taken again and again, whatever became of the last one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple, NoReturn

from gatebook.core.errors import GatebookError

_LOG = logging.getLogger(__name__)


class Step(NamedTuple):
    """What `follow` does again and again, the seconds between, and what cuts them short."""

    take: Callable[[], Awaitable[object]]
    seconds: float
    wake: asyncio.Event | None = None


async def follow(
    step: Callable[[], Awaitable[object]],
    *,
    seconds: float,
    name: str,
    wake: asyncio.Event | None = None,
) -> NoReturn:
    """Take a step at an interval, for ever; what goes wrong is said, once until it changes.

    `wake` cuts the interval short. What nobody expected ends a step and not the loop: each step
    says by itself, by what it leaves undone, that calls have to be refused.
    """
    before = ""
    while True:
        await _pause(seconds, wake)
        before = await _taken(step, name, before)


async def _pause(seconds: float, wake: asyncio.Event | None) -> None:
    if wake is None:
        await asyncio.sleep(seconds)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()
    wake.clear()  # before the step: what happens during it is followed by another one


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
