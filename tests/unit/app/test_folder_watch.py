"""Who watches a folder hears of what comes and goes; what cannot be watched costs nothing."""

import asyncio
import signal
import threading
from pathlib import Path

import pytest

from gatebook.app.folder_watch import watched


async def test_files_that_come_and_go_are_heard_of(tmp_path: Path) -> None:
    heard = asyncio.Event()
    with watched(tmp_path, heard.set):
        for change in (
            (tmp_path / "new").touch,
            lambda: (tmp_path / "new").rename(tmp_path / "named"),
            (tmp_path / "named").unlink,
        ):
            change()
            async with asyncio.timeout(10):
                await heard.wait()
            heard.clear()


async def test_afterwards_nothing_is_heard_and_nothing_ends_the_process(tmp_path: Path) -> None:
    heard = asyncio.Event()
    with watched(tmp_path, heard.set):
        pass
    (tmp_path / "new").touch()
    await asyncio.sleep(0.01)
    assert not heard.is_set()
    assert signal.getsignal(signal.SIGIO) is signal.SIG_DFL


@pytest.mark.parametrize("name", ["missing", "file"])
async def test_what_is_no_folder_is_not_watched(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with watched(tmp_path / name, lambda: None):
        assert signal.getsignal(signal.SIGIO) is signal.SIG_DFL


def test_in_another_thread_nothing_is_heard_and_nothing_goes_wrong(tmp_path: Path) -> None:
    came = []

    async def watch() -> None:
        with watched(tmp_path, lambda: None):
            came.append(signal.getsignal(signal.SIGIO))

    thread = threading.Thread(target=lambda: asyncio.run(watch()))
    thread.start()
    thread.join()
    assert came == [signal.SIG_DFL]
