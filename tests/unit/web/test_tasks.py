"""Work beside its caller is held until it is done, and its failure is told."""

import asyncio
import gc
import logging

import pytest

from gatebook.web.tasks import Tasks


async def test_a_task_nobody_holds_runs_to_its_end() -> None:
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0)
        gc.collect()
        done.set()

    tasks = Tasks()
    tasks.spawn(work(), "work")
    await asyncio.wait_for(done.wait(), 5)


async def test_a_failure_is_logged_by_name(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        raise ValueError("broken")

    tasks = Tasks()
    tasks.spawn(work(), "mending the roof")
    await tasks.finish(5)
    await asyncio.sleep(0)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.message == "mending the roof failed"


async def test_what_does_not_end_in_time_is_cancelled() -> None:
    tasks = Tasks()
    task = tasks.spawn(asyncio.sleep(60), "sleeping")
    await tasks.finish(0.01)
    with pytest.raises(asyncio.CancelledError):
        await task
