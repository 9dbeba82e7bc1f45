"""A loop beside the gate outlives whatever happens to one of its steps, and says it once."""

import asyncio

import pytest

from gatebook.app.followers import follow
from gatebook.core.errors import Unavailable


async def test_a_loop_outlives_its_steps_and_says_what_is_wrong_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    endings = [
        None,
        Unavailable("away", "Away."),
        Unavailable("away", "Away."),
        OSError(24, "Too many open files"),
        RuntimeError("can't start new thread"),
        None,
    ]
    taken = 0
    done = asyncio.Event()

    async def step() -> None:
        nonlocal taken
        taken += 1
        if taken > len(endings):
            done.set()
            return
        ending = endings[taken - 1]
        if ending is not None:
            raise ending

    task = asyncio.ensure_future(follow(step, seconds=0, name="looking"))
    await asyncio.wait_for(done.wait(), 5)
    task.cancel()
    said = [record.getMessage() for record in caplog.records]
    assert said == ["looking: away: Away.", "looking", "looking", "looking: goes on"]
    assert [bool(record.exc_info) for record in caplog.records] == [False, True, True, False]


async def test_a_wake_cuts_the_interval_short_and_one_during_a_step_brings_another() -> None:
    wake, taken = asyncio.Event(), asyncio.Queue[int]()

    async def step() -> None:
        await taken.put(taken.qsize())
        if taken.qsize() == 1:
            wake.set()

    task = asyncio.ensure_future(follow(step, seconds=3600, name="looking", wake=wake))
    await asyncio.sleep(0.05)
    assert taken.empty()
    wake.set()
    await asyncio.sleep(0.05)
    assert taken.qsize() == 2
    task.cancel()


async def test_without_a_wake_the_interval_is_kept() -> None:
    taken = asyncio.Event()

    async def step() -> None:
        taken.set()

    task = asyncio.ensure_future(follow(step, seconds=0.01, name="looking", wake=asyncio.Event()))
    await asyncio.wait_for(taken.wait(), 5)
    task.cancel()
