"""A folder of small files that root may write though somebody else owns it, and a full disk too.

Whoever owns it can put links where files should be, before root comes and while root is at work.
So nothing is followed: the folder is opened once and everything done by its descriptor, every file
is opened without links, and what root hands over to the owner is only what root has just made. Each
file appears whole by a rename. If the disk is full, it takes room that is kept in spare files.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gatebook.app.key_files import FOLDER_MODE

_FILE_MODE: Final = 0o600
_SPARES: Final = tuple(f".spare-{number}" for number in range(4))
_SPARE_BYTES: Final = 4096
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_AS_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_AS_FILE: Final = os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe would keep whoever opens it waiting


class GuardedFolder:
    """A folder in one that belongs to whoever the files are for; every method raises OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        """The names of all files; none if the folder is not there."""
        try:
            with self._opened() as folder:
                return os.listdir(folder)  # noqa: PTH208  # by its descriptor
        except FileNotFoundError:
            return []

    def read(self, name: str) -> bytes:
        """What a file holds, as far as a spare one has room; of a pipe, nothing."""
        with self._opened() as folder:
            descriptor = os.open(name, os.O_RDONLY | _AS_FILE, dir_fd=folder)
            try:
                return os.read(descriptor, _SPARE_BYTES)
            finally:
                os.close(descriptor)

    def put(self, name: str, data: bytes) -> None:
        """Write a file, at most as large as a spare one; durable on return."""
        if len(data) > _SPARE_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        with self._made() as folder:
            try:
                self._write_anew(folder, name, data)
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                self._write_in_spare(folder, name, data)
            os.fsync(folder)

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        with suppress(FileNotFoundError), self._opened() as folder:
            os.unlink(name, dir_fd=folder)

    def keep_room(self) -> None:
        """Have spare files for when the disk is full."""
        with self._made() as folder:
            there = os.listdir(folder)  # noqa: PTH208  # by its descriptor
            for spare in sorted(set(_SPARES).difference(there)):
                self._write_anew(folder, spare, bytes(_SPARE_BYTES))

    @contextmanager
    def _opened(self) -> Iterator[int]:
        folder = os.open(self.path, _AS_FOLDER)
        try:
            yield folder
        finally:
            os.close(folder)

    @contextmanager
    def _made(self) -> Iterator[int]:
        with suppress(FileExistsError):
            self.path.mkdir(mode=FOLDER_MODE)
        with self._opened() as folder:
            if not os.listdir(folder):  # noqa: PTH208  # empty: there is nothing of root's in it
                self._hand_over(folder)
            yield folder

    def _write_anew(self, folder: int, name: str, data: bytes) -> None:
        new = _new_name()
        try:
            self._write(folder, new, data, os.O_CREAT | os.O_EXCL)
            _rename(folder, new, name)
        except OSError:
            _remove(folder, new)
            raise

    def _write_in_spare(self, folder: int, name: str, data: bytes) -> None:
        """Write where there is room; raises OSError without a spare file that is fit for it."""
        new = _new_name()
        for spare in _SPARES:
            try:
                _rename(folder, spare, new)
                self._write(folder, new, data, 0)
                _rename(folder, new, name)
            except OSError:  # somebody else took it, or it was not one of ours
                _remove(folder, new)
            else:
                return
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _write(self, folder: int, name: str, data: bytes, flags: int) -> None:
        descriptor = os.open(name, os.O_WRONLY | _AS_FILE | flags, _FILE_MODE, dir_fd=folder)
        try:
            _check_file(descriptor)
            if os.write(descriptor, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.ftruncate(descriptor, len(data))
            if flags:
                self._hand_over(descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _hand_over(self, descriptor: int) -> None:
        """Root gives what it has made to whom the files are for, who need not be root."""
        if os.geteuid() == 0:
            owner = self.path.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _check_file(descriptor: int) -> None:
    """A second name would be somewhere else, where the owner may not write and root may."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise OSError(errno.EPERM, "it is no file, or has another name too")


def _new_name() -> str:
    return f".new-{secrets.token_hex(8)}"


def _rename(folder: int, old: str, new: str) -> None:
    os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)


def _remove(folder: int, name: str) -> None:
    with suppress(OSError):
        os.unlink(name, dir_fd=folder)
