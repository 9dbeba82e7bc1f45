"""gatebook verify: exit codes, what it prints, and that it stands alone."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from gatebook.app.export import export
from gatebook.cli.verify import ExportedFolder, command
from gatebook.ledger.report import Report
from tests.simulators.log import HandLog, MemoryFiles

ALONE = """
import sys
import gatebook.cli.verify, gatebook.cli.verify_report
print(*sorted(sys.modules))
"""


@pytest.fixture
def log() -> HandLog:
    """A log of 300 entries."""
    log = HandLog()
    stream = log.open()
    for count in range(298):
        stream.beat(count)
    stream.close()
    return log


@pytest.fixture
def folder(log: HandLog, tmp_path: Path) -> Path:
    """Its export."""
    export(log.files(), log.vkeys, tmp_path / "export")
    return tmp_path / "export"


def run(*arguments: object) -> Result:
    """The command with these arguments."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(command, [str(each) for each in arguments])


def report_of(result: Result) -> Report:
    """The report in a JSON answer."""
    return msgspec.json.decode(result.stdout, type=Report)


def test_the_verifier_imports_nothing_of_server_storage_or_database() -> None:
    ran = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    modules = ran.stdout.split()
    ours = {name for name in modules if name.split(".")[0] == "gatebook"}
    parts = {".".join(name.split(".")[:2]) for name in ours} - {"gatebook"}
    assert parts == {"gatebook.cli", "gatebook.core", "gatebook.ledger"}
    foreign = {name.split(".")[0] for name in modules}
    banned = {"sqlalchemy", "alembic", "psycopg", "sqlite3", "uvicorn", "uvloop", "asyncio", "http"}
    assert not banned & foreign


def test_a_sound_log_is_exit_code_0(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0
    assert "The log holds." in result.stdout
    assert "log.example/acme: 300 of 300 entries checked" in result.stdout
    assert "Calls that did not go through the gate are not in the book." in result.stdout


def test_without_a_policy_of_ones_own_that_is_said_plainly(folder: Path) -> None:
    words = " ".join(run(folder).stdout.split())
    assert "compare it with the one you were given" in words
    assert "only a key that you were given can tell" in words
    pinned = " ".join(run(folder, "--policy", folder / "policy.txt").stdout.split())
    assert "compare it" not in pinned
    assert "can tell" not in pinned


def test_full_mode_skips_no_check_of_entries(folder: Path) -> None:
    assert report_of(run(folder, "--full", "--json")).signatures == 300
    assert report_of(run(folder, "--json")).signatures == 1


def test_tampering_is_exit_code_1_and_named(folder: Path) -> None:
    bundle = folder / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b'"intents":7}', b'"intents":8}'))
    result = run(folder)
    assert result.exit_code == 1
    assert "TAMPERED" in result.stdout
    assert "Entry 8 is not the one that was signed" in result.stdout


def test_missing_files_are_exit_code_2(folder: Path) -> None:
    (folder / "tile/entries/000").unlink()
    result = run(folder)
    assert result.exit_code == 2
    assert "INCOMPLETE" in result.stdout
    assert "Entries [0, 256) are missing" in result.stdout


def test_what_cannot_be_checked_is_exit_code_3(folder: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "nowhere").exit_code == 3
    assert run(folder, "--policy", tmp_path / "nowhere").exit_code == 3
    assert run(folder, "--seen", tmp_path / "nowhere").exit_code == 3
    (folder / "checkpoint").unlink()
    assert run(folder).exit_code == 3
    (folder / "policy.txt").write_text("nonsense\n")
    assert run(folder).exit_code == 3
    (folder / "policy.txt").unlink()
    result = run(folder)
    assert result.exit_code == 3
    assert "holds no policy.txt" in result.stderr


def test_a_checkpoint_seen_before_is_held_against_the_log(
    folder: Path, log: HandLog, tmp_path: Path
) -> None:
    (tmp_path / "older").write_bytes(log.checkpoint(100))
    assert run(folder, "--seen", tmp_path / "older").exit_code == 0
    log.open()
    (tmp_path / "newer").write_bytes(log.checkpoint())
    result = run(folder, "--seen", tmp_path / "older", "--seen", tmp_path / "newer")
    assert result.exit_code == 1
    assert "rolled_back" in result.stdout


def test_a_reference_that_a_caller_was_given_is_looked_up(folder: Path) -> None:
    assert run(folder, "--receipt", "s0000000000001.7").exit_code == 0
    result = run(folder, "--receipt", "s0000000000001.300")
    assert result.exit_code == 2
    assert "Entry s0000000000001.300 is not in the log" in result.stdout


def test_the_json_report_is_the_whole_one(folder: Path) -> None:
    report = report_of(run(folder, "--json", "--policy", folder / "policy.txt"))
    assert (report.exit_code, report.origin, report.size) == (0, "log.example/acme", 300)
    assert [step.number for step in report.steps] == list(range(1, 13))
    assert [stream.last for stream in report.streams] == [299]


def test_what_a_log_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    log = HandLog()
    log.open("\x1b[2J\x1b]0;owned\x07[bold]gateway[/bold]")
    export(log.files(), log.vkeys, tmp_path / "export")
    (tmp_path / "export" / "\x1b[31mfile").write_text("")
    shown = run(tmp_path / "export").stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[bold]gateway[/bold]" in shown


def test_links_and_devices_are_not_read(folder: Path, log: HandLog, tmp_path: Path) -> None:
    """An export names what it holds; it does not point at other things of the auditor's machine."""
    outside = tmp_path / "outside"
    bundle = folder / "tile/entries/000"
    bundle.rename(outside)
    bundle.symlink_to(outside)
    files = ExportedFolder(folder)
    assert files.read("tile/entries/000") is None
    bundle.unlink()
    os.mkfifo(bundle)
    assert files.read("tile/entries/000") is None
    assert files.read("tile") is None
    assert run(folder).exit_code == 2
    (folder / "tile").rename(tmp_path / "tile")
    (folder / "tile").symlink_to(tmp_path / "tile")
    assert files.read("tile/0/000") is None
    assert "tile" in files.lengths()


def test_a_file_is_read_no_further_than_it_could_be_of_use(folder: Path) -> None:
    bundle = folder / "tile/entries/000"
    with bundle.open("r+b") as file:
        file.truncate(10**9)
    data = ExportedFolder(folder).read("tile/entries/000")
    assert data is not None
    assert len(data) == 256 * 65_537 + 1


def test_every_file_of_a_folder_is_listed_with_its_length(folder: Path, log: HandLog) -> None:
    expected = MemoryFiles(log.files())
    listed = ExportedFolder(folder).lengths()
    assert listed.keys() == expected.keys()
    assert listed["tile/0/000"] == 8192


@pytest.mark.parametrize("path", ["checkpoint", "tile/entries/000", "policy.txt"])
def test_a_link_that_leads_to_itself_is_a_file_that_is_not_there(folder: Path, path: str) -> None:
    (folder / path).unlink()
    (folder / path).symlink_to(folder / path)
    assert run(folder).exit_code == (2 if path.startswith("tile") else 3)
    loop = folder / "loop"
    loop.symlink_to(loop)
    assert run(loop).exit_code == 3


def test_a_file_name_that_is_not_utf_8_is_listed_escaped(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/odd\xff")).write_text("")
    (folder / "odd\\xff").write_text("")
    result = run(folder, "--json")
    assert result.exit_code == 0
    paths = {each.path for each in report_of(result).unauthenticated}
    assert {r"odd\xff", r"odd\\xff"} <= paths


def test_folders_may_be_nested_deeply(folder: Path) -> None:
    deep = folder / "/".join("d" * 1500)
    subprocess.run(["mkdir", "-p", deep], check=True)
    try:
        assert run(folder).exit_code == 0
    finally:
        subprocess.run(["rm", "-rf", folder / "d"], check=True)


@pytest.mark.parametrize("arguments", [[], ["--unknown"], ["a", "b"], [".", "--seen"]])
def test_a_wrong_use_is_exit_code_3(arguments: list[str]) -> None:
    """2 would say that the log is incomplete."""
    result = run(*arguments)
    assert result.exit_code == 3
    assert "Usage:" in result.stderr
