"""The published log as files in a folder: tiles for ever, and one checkpoint that is replaced.

Every write is atomic and may be repeated: a temporary file, fsync, rename, fsync of the folder.
What is written a second time must be the same, because what a tile holds is settled by its name.
"""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gatebook.core.errors import Tampered, Unavailable

_NEW: Final = ".new"
"""How temporary names begin. Each writer has one of its own: an integrator that lost its lock with
the database's session may still be writing when the next one begins."""


class LogFolder:
    """The folder of one log; reads for anyone (`tiles.TileSource`), writes for the integrator."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._new = folder / f"{_NEW}-{secrets.token_hex(8)}"
        self._is_swept = False

    def read(self, path: str) -> bytes | None:
        """The whole file, None where there is none; raises Unavailable if it cannot be read."""
        with _answered():
            try:
                return (self.folder / path).read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None

    def has(self, path: str) -> bool:
        """Whether that file is there and not empty; the full one serves for a partial one."""
        with _answered():
            for each in (path, path.partition(".p/")[0]):
                with suppress(FileNotFoundError, NotADirectoryError):
                    return (self.folder / each).stat().st_size > 0
            return False

    def add(self, files: Mapping[str, bytes]) -> None:
        """Write files that never change; durable on return.

        Raises Tampered if one is there with other bytes, Unavailable if it cannot be written.
        Partial tiles go once the full one is there, which readers then cut (tlog-tiles).
        """
        with _answered():
            for path, data in files.items():
                self._add(path, data)
            self._sync(files)
            for path in files:
                shutil.rmtree(self.folder / f"{path}.p", ignore_errors=True)

    def replace(self, path: str, data: bytes) -> None:
        """Put a file in the place of another, or write it anew; durable on return."""
        with _answered():
            self._put(path, data)
            self._sync([path])

    def _add(self, path: str, data: bytes) -> None:
        found = self.read(path)
        if found is None:
            self._put(path, data)
        elif found != data:
            raise Tampered(
                "published_differs",
                f"{self.folder / path} holds other entries than the database does.",
                "Stop, and find out which of both was changed: gatebook verify.",
            )

    def _put(self, path: str, data: bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        self._sweep()
        with self._new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._new.replace(target)

    def _sweep(self) -> None:
        """Once, before the first file is written, remove what killed writers left behind.

        One that is still writing finds its file gone: it fails, and whoever called it begins anew.
        """
        if not self._is_swept:
            for left in self.folder.glob(f"{_NEW}*"):
                left.unlink(missing_ok=True)
            self._is_swept = True

    def _sync(self, paths: Iterable[str]) -> None:
        """Make the names durable: every folder on the way to a file, each once."""
        folders = {parent for path in paths for parent in Path(path).parents}
        for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
            sync_folder(self.folder / folder)


def published_logs(root: Path, prefix: str) -> list[str]:
    """The origins of the logs that `root` holds, whatever the database knows of them."""
    folder = root / prefix
    with _answered():
        return sorted(f"{prefix}/{path.name}" for path in folder.glob("*") if path.is_dir())


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that the names in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _answered() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "log_folder_unavailable",
            f"The log folder cannot be used: {error.strerror}.",
            "Look at disk space and permissions of the log folder.",
            retry_after_seconds=1,
        ) from error
