"""The log folder: whole files or none, the same bytes or Tampered."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event, get_ident

import pytest

from gatebook.core.errors import Tampered, Unavailable
from gatebook.ledger.tiles import grow, read_bundle, read_tile
from gatebook.storage.folder import LogFolder, published_logs


@pytest.fixture
def folder(tmp_path: Path) -> LogFolder:
    """A folder that does not exist yet."""
    return LogFolder(tmp_path / "log.example" / "acme")


def leaves(count: int) -> list[bytes]:
    """That many entries."""
    return [b"entry %d" % number for number in range(count)]


def test_what_was_added_is_read(folder: LogFolder) -> None:
    folder.add({"tile/0/000.p/1": b"x" * 32, "tile/entries/000.p/1": b"y"})
    assert folder.read("tile/0/000.p/1") == b"x" * 32
    assert folder.read("tile/entries/000.p/1") == b"y"


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile", "tile/0/000.p/1/2"])
def test_what_is_not_there_is_none(folder: LogFolder, path: str) -> None:
    assert folder.read(path) is None
    folder.add({"tile/0/000.p/1": b"x"})
    assert folder.read(path) is None


def test_the_same_bytes_may_be_added_again(folder: LogFolder) -> None:
    files = grow(0, leaves(300), folder)
    folder.add(files)
    before = {path: (folder.folder / path).stat().st_mtime_ns for path in files}
    folder.add(files)
    assert before == {path: (folder.folder / path).stat().st_mtime_ns for path in files}


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/000.p/7"])
def test_other_bytes_under_a_name_that_is_settled_are_tampering(
    folder: LogFolder, path: str
) -> None:
    folder.add({path: b"one"})
    with pytest.raises(Tampered, match="other entries"):
        folder.add({path: b"two"})
    assert folder.read(path) == b"one"


def test_a_file_is_there_if_it_or_the_full_one_is_and_holds_something(folder: LogFolder) -> None:
    assert not folder.has("tile/0/000.p/7")
    folder.add({"tile/0/000": b"x", "tile/0/001": b""})
    assert folder.has("tile/0/000")
    assert folder.has("tile/0/000.p/7")
    assert not folder.has("tile/0/001")


def test_the_checkpoint_is_replaced(folder: LogFolder) -> None:
    folder.replace("checkpoint", b"one")
    folder.replace("checkpoint", b"two")
    assert folder.read("checkpoint") == b"two"


def test_partial_files_go_once_the_full_one_is_there_and_readers_find_it(folder: LogFolder) -> None:
    folder.add(grow(0, leaves(200), folder))
    folder.add(grow(200, leaves(300)[200:], folder))
    assert not (folder.folder / "tile/0/000.p").exists()
    assert not (folder.folder / "tile/entries/000.p").exists()
    assert read_bundle(folder, 0, 200) == leaves(200)
    assert len(read_tile(folder, 0, 0, 200)) == 200 * 32


def test_what_a_killed_process_left_behind_is_removed_before_the_next_one_writes(
    folder: LogFolder,
) -> None:
    folder.add({"tile/0/000.p/1": b"x"})
    (folder.folder / ".new-0123456789abcdef").write_bytes(b"half of someth")
    LogFolder(folder.folder).add({"tile/0/000.p/2": b"xy"})
    assert folder.read("tile/0/000.p/2") == b"xy"
    assert sorted(path.name for path in folder.folder.iterdir()) == ["tile"]


def test_two_writers_at_once_never_give_a_file_the_others_bytes(
    folder: LogFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second writes before the first has renamed; one may fail and begin again."""
    writers = [folder, LogFolder(folder.folder)]
    files = [{"tile/0/000": b"one file"}, {"tile/0/001": b"another file"}]
    fsync, second_wrote, first_is_done = os.fsync, Event(), Event()
    arrived: list[int] = []

    def take_turns(descriptor: int) -> None:
        if get_ident() not in arrived:
            arrived.append(get_ident())
            if len(arrived) == 1:
                assert second_wrote.wait(10)
            else:
                second_wrote.set()
                assert first_is_done.wait(10)
        fsync(descriptor)

    def add(writer: LogFolder, wanted: dict[str, bytes]) -> None:
        with suppress(Unavailable):
            writer.add(wanted)
        if get_ident() == arrived[0]:
            first_is_done.set()

    with monkeypatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(os, "fsync", take_turns)
        list(pool.map(add, writers, files))
    for writer, wanted in zip(writers, files, strict=True):
        writer.add(wanted)
        assert [folder.read(path) for path in wanted] == list(wanted.values())


def test_a_folder_that_cannot_be_written_is_unavailable(folder: LogFolder) -> None:
    folder.folder.parent.mkdir()
    folder.folder.write_bytes(b"a file where the folder should be")
    with pytest.raises(Unavailable):
        folder.add({"checkpoint": b""})


def test_published_logs_are_named_by_their_origin(tmp_path: Path, folder: LogFolder) -> None:
    assert published_logs(tmp_path, "log.example") == []
    folder.replace("checkpoint", b"")
    (tmp_path / "log.example" / "stray file").write_bytes(b"")
    assert published_logs(tmp_path, "log.example") == ["log.example/acme"]
