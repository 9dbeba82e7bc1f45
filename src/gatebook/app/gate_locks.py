"""Which gates run on this machine: each holds a lock on a file of its own as long as it lives.

The kernel drops a lock with its process, however that ends, and keeps it for one that hangs:
whoever holds one is there, and has to answer.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gatebook.app.file_lock import locked
from gatebook.app.key_files import FOLDER_MODE
from gatebook.core.errors import Conflict

_FOLDER: Final = "gates"


@contextmanager
def held(data: Path, process: str) -> Iterator[None]:
    """Be seen under this id by others that use the same data folder."""
    folder = data / _FOLDER
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    new, path = folder / f".{process}", folder / process
    # Named once it is locked, so that nobody can take it for one that was left behind.
    with locked(new, _taken()):
        new.write_text(f"{os.getpid()}\n", "ascii")
        new.rename(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def gates(data: Path) -> dict[str, int]:
    """The process numbers of gates that run here, by their ids; what dead ones left is removed."""
    found = {}
    for path in sorted((data / _FOLDER).glob("prc_*")):
        try:
            with locked(path, _taken()):
                path.unlink(missing_ok=True)
        except Conflict:
            with suppress(FileNotFoundError):
                found[path.name] = int(path.read_text("ascii"))
    return found


def _taken() -> Conflict:
    return Conflict("gate_present", "The gate is running.")
