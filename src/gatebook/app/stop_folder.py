"""Orders to stop, where gates see them without the database: a file each, in the data folder.

A file is sealed under a key of the installation for its own name, appears whole by a rename and is
never changed; if the disk is full it takes room that gates keep for it. Every gate of the machine
looks many times a second: listing the names is cheap, and unlike a time of change it misses
nothing. What a file says that somebody changed is not known: then everything is stopped.
"""

import errno
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from gatebook.app.key_files import FOLDER_MODE
from gatebook.control.apply import LocalOperator, Order
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.control.inputs import read_command
from gatebook.core.envelope import Cell, DataKey
from gatebook.core.errors import Invalid, Tampered, Unavailable
from gatebook.core.ids import Entropy
from gatebook.storage.folder import sync_folder

NAME: Final = "stops"
"""The folder, in the data folder."""

_SUFFIX: Final = ".order"
_SPARE: Final = ".spare-"
_SPARES: Final = 4
_SPARE_BYTES: Final = 4096
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class _Written(msgspec.Struct, frozen=True):
    """What a file says."""

    command: dict[str, Any]
    by: LocalOperator
    reason: str


class StopFolder:
    """The folder of one installation on one machine; implements `gateway.stopping.Orders`."""

    def __init__(self, folder: Path, key: DataKey, entropy: Entropy) -> None:
        self.folder = folder
        self._key = key
        self._entropy = entropy
        self._orders: dict[str, Order] = {}
        self._commands: dict[str, EngageStop] = {}

    def post(self, order: Order) -> None:
        """Put an order where every gate of this machine finds it; durable on return.

        Raises Unavailable if it cannot be written.
        """
        command = order.command
        values = {name: value for name, value in msgspec.structs.asdict(command).items() if value}
        text = msgspec.json.encode(_Written(values, order.by, order.reason))
        id_ = order.idempotency_key
        try:
            self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            self._put(
                self.folder / (id_ + _SUFFIX), self._key.seal(text, _cell(id_), self._entropy)
            )
        except OSError as error:
            raise Unavailable(
                "stop_not_written",
                f"The order cannot be written to {self.folder}: {error.strerror}.",
                "Stop the gates instead: they take no calls while they do not run.",
            ) from error

    def pending(self) -> Mapping[str, EngageStop]:
        """See gateway.stopping.Orders."""
        try:
            names = os.listdir(self.folder)  # noqa: PTH208  # twenty times a second, and cheaper
        except FileNotFoundError:
            names = []
        ids = [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]
        if self._orders.keys() != set(ids):
            found = {id_: self._orders.get(id_) or self._open(id_) for id_ in sorted(ids)}
            self._orders = {id_: order for id_, order in found.items() if order is not None}
            self._commands = {
                id_: order.command
                for id_, order in self._orders.items()
                if isinstance(order.command, EngageStop)
            }
        return self._commands

    def order(self, id_: str) -> Order | None:
        """An order that was found when last looked for, with who gave it and why."""
        return self._orders.get(id_)

    def remove(self, id_: str) -> None:
        """Take an order away that the database has, or that it will never have."""
        (self.folder / (id_ + _SUFFIX)).unlink(missing_ok=True)

    def prepare(self) -> None:
        """Keep room for orders that come when the disk is full; raises Unavailable."""
        try:
            self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            for number in range(_SPARES):
                if not (self.folder / f"{_SPARE}{number}").exists():
                    self._put(self.folder / f"{_SPARE}{number}", bytes(_SPARE_BYTES))
        except OSError as error:
            raise Unavailable(
                "stop_not_prepared",
                f"No room can be kept in {self.folder} for orders to stop: {error.strerror}.",
                "Look at disk space and permissions of the data folder.",
            ) from error

    def _put(self, path: Path, data: bytes) -> None:
        new = self.folder / f".new-{secrets.token_hex(8)}"
        try:
            self._write(new, data, os.O_CREAT | os.O_EXCL)
        except OSError as error:
            new.unlink(missing_ok=True)
            if error.errno not in _FULL or path.name.startswith(_SPARE):
                raise
            self._take_spare(new)
            self._write(new, data, 0)
        new.rename(path)
        sync_folder(self.folder)

    def _take_spare(self, new: Path) -> None:
        """Have a file with room in it under a name of one's own; raises OSError without any."""
        for number in range(_SPARES):
            with suppress(FileNotFoundError):  # somebody else took it
                (self.folder / f"{_SPARE}{number}").rename(new)
                return
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _write(self, path: Path, data: bytes, flags: int) -> None:
        descriptor = os.open(path, os.O_WRONLY | flags, 0o600)
        try:
            if os.write(descriptor, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.ftruncate(descriptor, len(data))
            if os.geteuid() == 0:  # the gates, which need not be root, have to read it
                owner = self.folder.parent.stat()
                os.chown(self.folder, owner.st_uid, owner.st_gid)
                os.chown(descriptor, owner.st_uid, owner.st_gid)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _open(self, id_: str) -> Order | None:
        """An order as it was written; None if it is gone by now."""
        path = self.folder / (id_ + _SUFFIX)
        try:
            text = self._key.unseal(path.read_bytes(), _cell(id_))
            written = msgspec.json.decode(text, type=_Written)
            command = read_command(EngageStop, written.command)
        except FileNotFoundError:
            return None
        except (OSError, Tampered, Invalid, msgspec.DecodeError) as error:
            raise Tampered(
                "stop_unreadable",
                f"{path} is no order of this installation, or was changed.",
                "Everything is stopped. Find out who wrote it, engage what is to stop, remove it.",
            ) from error
        return Order(command=command, by=written.by, reason=written.reason, idempotency_key=id_)


def _cell(id_: str) -> Cell:
    return Cell("stops", id_, "order")
