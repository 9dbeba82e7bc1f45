"""Orders to stop are found by every gate as they were given, or not believed at all."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from gatebook.app.stop_folder import StopFolder
from gatebook.control.apply import LocalOperator, Order
from gatebook.control.commands.engage_stop import EngageStop
from gatebook.core.envelope import PLATFORM, DataKey
from gatebook.core.errors import Tampered, Unavailable
from gatebook.core.ids import new_id, system_entropy
from tests.simulators.clock import NOON_US

KEY = DataKey("stops", PLATFORM, bytes(32))
OLGA = LocalOperator(uid=1000, user="olga", host="gw-1")


def open_folder(path: Path, key: DataKey = KEY) -> StopFolder:
    return StopFolder(path / "stops", key, system_entropy)


def order(**values: Any) -> Order:
    stop = new_id("stp", system_entropy)
    given = {"kind": "agent", "name": "triage", **values}
    command = EngageStop(stop=stop, engaged_at=NOON_US, **given)
    return Order(command=command, by=OLGA, reason="it went astray", idempotency_key=stop)


def test_an_order_is_read_as_it_was_given(tmp_path: Path) -> None:
    given = order(organization="acme")
    open_folder(tmp_path).post(given)
    folder = open_folder(tmp_path)
    assert folder.pending() == {given.idempotency_key: given.command}
    assert folder.order(given.idempotency_key) == given


def test_a_folder_that_is_not_there_holds_no_order(tmp_path: Path) -> None:
    assert open_folder(tmp_path).pending() == {}


def test_nothing_is_read_anew_while_nothing_changed(tmp_path: Path) -> None:
    folder = open_folder(tmp_path)
    folder.post(order())
    assert folder.pending() is folder.pending()
    before = folder.pending()
    folder.post(order())
    assert len(folder.pending()) == 2
    assert folder.pending() is not before


def test_an_order_that_was_taken_away_is_gone(tmp_path: Path) -> None:
    folder, given = open_folder(tmp_path), order()
    folder.post(given)
    folder.pending()
    open_folder(tmp_path).remove(given.idempotency_key)
    assert folder.pending() == {}
    assert folder.order(given.idempotency_key) is None
    folder.remove(given.idempotency_key)


def test_the_reason_cannot_be_read_in_the_file_and_nobody_else_may_look(tmp_path: Path) -> None:
    folder = open_folder(tmp_path)
    folder.post(order())
    (file,) = folder.folder.iterdir()
    assert b"astray" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("at", [0, 20, -1])
def test_an_order_that_was_changed_is_not_believed(tmp_path: Path, at: int) -> None:
    folder = open_folder(tmp_path)
    folder.post(order())
    (file,) = folder.folder.iterdir()
    changed = bytearray(file.read_bytes())
    changed[at] ^= 1
    file.write_bytes(changed)
    with pytest.raises(Tampered) as caught:
        folder.pending()
    assert caught.value.code == "stop_unreadable"
    assert file.name in caught.value.detail


def test_an_order_under_the_name_of_another_is_not_believed(tmp_path: Path) -> None:
    folder, given, other = open_folder(tmp_path), order(), order()
    folder.post(given)
    folder.post(other)
    first, second = folder.folder.iterdir()
    first.write_bytes(second.read_bytes())
    with pytest.raises(Tampered):
        folder.pending()


@pytest.mark.parametrize("text", [b"", b"{}", b"x" * 5000])
def test_a_file_of_somebody_else_is_not_believed(tmp_path: Path, text: bytes) -> None:
    folder = open_folder(tmp_path)
    folder.prepare()
    (folder.folder / "stp_1.order").write_bytes(text)
    with pytest.raises(Tampered):
        folder.pending()


def test_an_order_of_another_installation_is_not_believed(tmp_path: Path) -> None:
    open_folder(tmp_path, DataKey("stops", PLATFORM, bytes(31) + b"\1")).post(order())
    with pytest.raises(Tampered):
        open_folder(tmp_path).pending()


def test_what_is_being_written_is_no_order_yet(tmp_path: Path) -> None:
    folder = open_folder(tmp_path)
    folder.prepare()
    (folder.folder / ".new-0123").write_bytes(b"half of")
    assert folder.pending() == {}


def fail_to_create(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """New files cannot be written any more, as on a full disk."""
    real = os.open

    def refuse(path: Any, flags: int, *args: Any, **options: Any) -> int:
        if flags & os.O_CREAT:
            raise OSError(code, os.strerror(code))
        return real(path, flags, *args, **options)

    monkeypatch.setattr("os.open", refuse)


def test_there_is_room_for_orders_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, given = open_folder(tmp_path), [order(), order()]
    folder.prepare()
    folder.prepare()
    fail_to_create(monkeypatch, errno.ENOSPC)
    for each in given:
        folder.post(each)
    assert folder.pending() == {each.idempotency_key: each.command for each in given}
    with pytest.raises(Unavailable):
        folder.prepare()
    monkeypatch.undo()
    folder.prepare()
    assert len(list(folder.folder.glob(".spare-*"))) == 4


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_an_order_that_cannot_be_written_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    folder = open_folder(tmp_path)
    fail_to_create(monkeypatch, code)
    with pytest.raises(Unavailable) as caught:
        folder.post(order())
    assert caught.value.code == "stop_not_written"
    assert list(folder.folder.iterdir()) == []
