"""An export holds exactly what its checkpoint needs, and the keys to check it with."""

from pathlib import Path

import pytest

from gatebook.app.config import Config
from gatebook.app.export import export, export_log
from gatebook.app.notary_pin import NotaryPin
from gatebook.app.settings import ServerSettings
from gatebook.core.errors import Conflict, NotFound, Tampered, Unavailable
from gatebook.ledger.settings import LedgerSettings
from gatebook.ledger.tiles import files as expected_files
from gatebook.storage.folder import LogFolder
from tests.simulators.log import HandLog, MemoryFiles
from tests.simulators.questions import ask


@pytest.fixture(scope="module")
def log() -> HandLog:
    """A log of 700 entries."""
    log = HandLog()
    stream = log.open()
    for count in range(699):
        stream.beat(count)
    return log


def read(folder: Path) -> MemoryFiles:
    """Everything in a folder."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return MemoryFiles({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})


@pytest.mark.parametrize("size", [1, 256, 300, 700])
def test_an_export_holds_its_files_and_no_other(log: HandLog, size: int, tmp_path: Path) -> None:
    target = tmp_path / "new" / "export"
    done = export(log.files(size), log.vkeys, target)
    found = read(target)
    assert set(found) == {"checkpoint", "policy.txt", *expected_files(size)}
    assert (done.origin, done.size, done.files) == (log.origin, size, len(found))
    assert found["policy.txt"] == log.policy()
    assert ask(log, found).exit_code == 0


@pytest.mark.parametrize("size", [1, 100, 255, 257, 300])
def test_where_the_log_has_grown_on_partial_files_are_cut_from_full_ones(
    log: HandLog, size: int, tmp_path: Path
) -> None:
    source = MemoryFiles({**log.files(512), "checkpoint": log.checkpoint(size)})
    for level in range(2):
        source.update({p: d for p, d in log.files(size).items() if p.startswith(f"tile/{level}/")})
    source.pop(f"tile/0/{size // 256:03d}.p/{size % 256}")
    export(source, log.vkeys, tmp_path / "export")
    assert read(tmp_path / "export").keys() == log.files(size).keys()
    assert ask(log, read(tmp_path / "export")).exit_code == 0


def test_a_log_with_missing_files_is_not_exported(log: HandLog, tmp_path: Path) -> None:
    source = log.files()
    del source["tile/entries/001"]
    with pytest.raises(NotFound, match="tile/entries/001 is missing"):
        export(source, log.vkeys, tmp_path / "export")


def test_a_log_that_these_keys_did_not_sign_is_not_exported(log: HandLog, tmp_path: Path) -> None:
    source = log.files()
    source["checkpoint"] = source["checkpoint"].replace(b"\n700\n", b"\n699\n")
    with pytest.raises(Tampered):
        export(source, log.vkeys, tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_a_folder_that_is_not_empty_is_left_alone(log: HandLog, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(Conflict):
        export(log.files(), log.vkeys, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_target_that_cannot_be_written_is_named(log: HandLog, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        export(log.files(), log.vkeys, tmp_path / "file" / "export")


def test_the_log_of_an_organization_is_found_in_the_data_folder(
    log: HandLog, tmp_path: Path
) -> None:
    config = Config(
        server=ServerSettings(data=str(tmp_path)), ledger=LedgerSettings(origin="log.example")
    )
    with pytest.raises(NotFound, match="Nothing has been published"):
        export_log(config, "acme", tmp_path / "export")
    (tmp_path / "keys").mkdir(mode=0o700)
    NotaryPin(tmp_path / "keys" / "notary").pin(log.vkeys)
    with pytest.raises(NotFound, match="has not been published"):
        export_log(config, "acme", tmp_path / "export")
    files = log.files()
    folder = LogFolder(tmp_path / "log" / "log.example" / "acme")
    folder.replace("checkpoint", files.pop("checkpoint"))
    folder.add(files)
    assert export_log(config, "acme", tmp_path / "export").size == 700
