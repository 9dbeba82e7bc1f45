"""Hears at once when files of a folder come and go, where the kernel tells: Linux, by dnotify.

A hint and no more: nothing is told to a thread that is not the main one, of a folder that is made
anew later or that is on another machine. Whoever has to know looks by itself, too.
Source: fcntl(2), "File and directory change notification".
"""

import asyncio
import fcntl
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_CHANGES: Final = ("DN_CREATE", "DN_RENAME", "DN_DELETE", "DN_MULTISHOT")


@contextmanager
def watched(folder: Path, changed: Callable[[], object]) -> Iterator[None]:
    """Have `changed` called on the running event loop when files come and go."""
    is_main = threading.current_thread() is threading.main_thread()
    descriptor = _opened(folder) if is_main and hasattr(fcntl, "F_NOTIFY") else None
    if descriptor is None:
        yield
        return
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGIO, changed)
        with suppress(OSError):  # a kernel or a file system that does not tell
            changes = sum(getattr(fcntl, name) for name in _CHANGES)
            fcntl.fcntl(descriptor, fcntl.F_NOTIFY, changes)
        yield
    finally:
        os.close(descriptor)  # first: a signal that nobody handles ends the process
        loop.remove_signal_handler(signal.SIGIO)


def _opened(folder: Path) -> int | None:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
