"""A lock that one process of this machine holds, on a file that says nothing else."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatebook.core.errors import GatebookError


@contextmanager
def locked(path: Path, taken: GatebookError) -> Iterator[None]:
    """Hold the lock; raises `taken` while another process does.

    The kernel drops it with the process that holds it, however that ends; children do not inherit
    it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise taken from None
        yield
    finally:
        os.close(descriptor)
