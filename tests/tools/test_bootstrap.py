"""Setting up says what to do next when it cannot go on, and never shows a traceback."""

import ast
import subprocess
from pathlib import Path

import pytest

from tools import bootstrap
from tools.lint.source import ROOT


def test_an_old_interpreter_is_told_what_is_needed_and_how_to_name_another() -> None:
    text = bootstrap.too_old("/usr/bin/python3", (3, 9))
    assert "3.11 or newer" in text
    assert "/usr/bin/python3 is 3.9" in text
    assert "PYTHON=" in text


def test_an_old_interpreter_can_read_the_message() -> None:
    """Nothing in the file is newer than the grammar of Python 3.7."""
    ast.parse((ROOT / "tools/bootstrap.py").read_text(), feature_version=(3, 7))


def test_a_missing_venv_module_names_the_package_that_has_it() -> None:
    assert "python3-venv" in bootstrap.next_step(["python3", "-m", "venv", ".venv"])


def test_a_failing_installation_names_the_network() -> None:
    assert "network" in bootstrap.next_step(["python", "-m", "pip", "install"])


def test_an_interrupt_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "create", interrupted)
    assert bootstrap.main() == 130
    assert capsys.readouterr().out == "\nStopped. Run the same command again to go on.\n"


def test_uv_is_pinned_by_hash() -> None:
    pinned = (ROOT / "tools/uv.txt").read_text()
    assert pinned.startswith("uv==")
    assert pinned.count("--hash=sha256:") > 1


def test_every_verb_says_what_it_does() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    verbs = {line.split()[1] for line in listed.splitlines()}
    wanted = "run demo test test-long check fix gen docs bench new lock clean"
    assert set(wanted.split()) <= verbs


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    for name in ("Makefile", "pyproject.toml", "uv.lock", "tools/uv.txt", "tools/bootstrap.py"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    ran = subprocess.run(
        ["make", "test", "PYTHON=python3.99"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode
    assert "No python3.99 here" in ran.stdout
