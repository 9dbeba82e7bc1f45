"""Orders to stop, where gates see them without the database: a file each, in the data folder.

A file is sealed under a key of the installation for its own name and never changed. Every gate of
the machine looks many times a second: listing the names is cheap, and unlike a time of change it
misses nothing. What a file says that somebody changed is not known: then everything is stopped.
"""

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from gatebook.app.guarded_folder import GuardedFolder
from gatebook.control.apply import LocalOperator, Order
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.control.inputs import read_command
from gatebook.core.envelope import Cell, DataKey
from gatebook.core.errors import Invalid, Tampered, Unavailable
from gatebook.core.ids import Entropy

NAME: Final = "stops"
"""The folder, in the data folder."""

_SUFFIX: Final = ".order"


class _Written(msgspec.Struct, frozen=True):
    """What a file says."""

    command: dict[str, Any]
    by: LocalOperator
    reason: str


class StopFolder:
    """The folder of one installation on one machine; implements `gateway.stopping.Orders`."""

    def __init__(self, folder: Path, key: DataKey, entropy: Entropy) -> None:
        self.folder = folder
        self._files = GuardedFolder(folder)
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
            self._files.put(id_ + _SUFFIX, self._key.seal(text, _cell(id_), self._entropy))
        except OSError as error:
            raise Unavailable(
                "stop_not_written",
                f"The order cannot be written to {self.folder}: {error.strerror}.",
                "Stop the gates instead: they take no calls while they do not run.",
            ) from error

    def pending(self) -> Mapping[str, EngageStop]:
        """See gateway.stopping.Orders."""
        try:
            names = self._files.names()
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                raise Tampered(
                    "stop_unreadable",
                    f"{self.folder} is no folder.",
                    "Everything is stopped. Find out who put it there, and remove it.",
                ) from error
            raise Unavailable(
                "stops_unavailable",
                f"{self.folder} cannot be read: {error.strerror}.",
                "Calls are refused before long. Look at the permissions of the folder.",
            ) from error
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
        try:
            self._files.remove(id_ + _SUFFIX)
        except OSError as error:
            raise Unavailable(
                "stop_not_removed",
                f"{id_} cannot be taken out of {self.folder}: {error.strerror}.",
                "Look at the permissions of the folder.",
            ) from error

    def prepare(self) -> None:
        """Keep room for orders that come when the disk is full; raises Unavailable."""
        try:
            self._files.keep_room()
        except OSError as error:
            raise Unavailable(
                "stop_not_prepared",
                f"No room can be kept in {self.folder} for orders to stop: {error.strerror}.",
                "Look at disk space and permissions of the data folder.",
            ) from error

    def _open(self, id_: str) -> Order | None:
        """An order as it was written; None if it is gone by now."""
        path = self.folder / (id_ + _SUFFIX)
        try:
            text = self._key.unseal(self._files.read(path.name), _cell(id_))
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
