"""Root writes where somebody else may put links, and nothing but the folder is changed by it."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from gatebook.app.guarded_folder import GuardedFolder

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def folder(tmp_path: Path) -> GuardedFolder:
    """A folder in one that belongs to nobody, if that can be."""
    data = tmp_path / "data"
    data.mkdir()
    if os.geteuid() == 0:
        os.chown(data, NOBODY, NOBODY)
    return GuardedFolder(data / "stops")


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder of root's with a file in it."""
    path = tmp_path / "victim"
    path.mkdir(mode=0o700)
    (path / "shadow").write_text("secret")
    return path


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def refuse(path: Any, flags: int, *args: Any, **options: Any) -> int:
        if flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, flags, *args, **options)

    monkeypatch.setattr("os.open", refuse)


def test_a_file_is_read_as_it_was_put_and_gone_when_removed(folder: GuardedFolder) -> None:
    assert folder.names() == []
    folder.put("a", b"1")
    folder.put("a", b"22")
    assert (folder.names(), folder.read("a")) == (["a"], b"22")
    folder.remove("a")
    folder.remove("a")
    assert folder.names() == []


def test_what_would_not_fit_in_a_spare_file_is_refused(folder: GuardedFolder) -> None:
    folder.put("a", bytes(4096))
    with pytest.raises(OSError, match="large"):
        folder.put("b", bytes(4097))
    assert folder.names() == ["a"]


@as_root
def test_what_root_makes_belongs_to_the_owner_of_the_folder_around(folder: GuardedFolder) -> None:
    folder.keep_room()
    folder.put("a", b"1")
    made = [folder.path, *folder.path.iterdir()]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(NOBODY, NOBODY)}


def test_a_link_in_place_of_the_folder_is_not_followed(folder: GuardedFolder, victim: Path) -> None:
    before = victim.stat()
    folder.path.symlink_to(victim)
    for do in (folder.keep_room, lambda: folder.put("a", b"1"), lambda: folder.remove("shadow")):
        with pytest.raises(NotADirectoryError):
            do()
    for look in (folder.names, lambda: folder.read("shadow")):
        with pytest.raises(NotADirectoryError):
            look()
    assert victim.stat() == before
    assert [path.name for path in victim.iterdir()] == ["shadow"]


@as_root
def test_a_folder_with_files_in_it_is_not_handed_over(folder: GuardedFolder, victim: Path) -> None:
    """Nobody may have had a folder of root's that was beside it called so."""
    victim.rename(folder.path)
    folder.put("a", b"1")
    assert folder.path.stat().st_uid == 0


@pytest.mark.parametrize("how", ["symlink", "hard link", "pipe", "folder"])
def test_a_spare_file_that_is_something_else_is_not_written(
    folder: GuardedFolder, victim: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    folder.keep_room()
    for spare in folder.path.iterdir():
        spare.unlink()
        if how == "symlink":
            spare.symlink_to(victim / "shadow")
        elif how == "hard link":
            spare.hardlink_to(victim / "shadow")
        elif how == "pipe":
            os.mkfifo(spare)
        else:
            spare.mkdir()
    before = (victim / "shadow").stat().st_uid
    fill_disk(monkeypatch)
    with pytest.raises(OSError, match="No space"):
        folder.put("a", b"1")
    assert (victim / "shadow").read_text() == "secret"
    assert (victim / "shadow").stat().st_uid == before


def test_a_spare_file_that_is_fit_is_taken_though_others_are_not(
    folder: GuardedFolder, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.keep_room()
    first = folder.path / ".spare-0"
    first.unlink()
    first.symlink_to(victim / "shadow")
    fill_disk(monkeypatch)
    folder.put("a", b"1")
    assert folder.read("a") == b"1"
    assert (victim / "shadow").read_text() == "secret"


def test_a_link_in_place_of_a_file_is_not_read(folder: GuardedFolder, victim: Path) -> None:
    folder.keep_room()
    (folder.path / "a").symlink_to(victim / "shadow")
    with pytest.raises(OSError) as caught:
        folder.read("a")
    assert caught.value.errno == errno.ELOOP


def test_a_pipe_in_place_of_a_file_keeps_nobody_waiting(folder: GuardedFolder) -> None:
    folder.keep_room()
    os.mkfifo(folder.path / "a")
    assert folder.read("a") == b""
