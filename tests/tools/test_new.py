"""`make new` writes files that pass every check of form, and a case that fails until it is done."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.lint.source import ROOT
from tools.new.__main__ import known, main

KINDS = known(ROOT)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for kind in KINDS.values():
        (tmp_path / kind.FOLDER).mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    return tmp_path


def test_the_kinds_are_those_whose_folders_exist(tmp_path: Path) -> None:
    assert set(KINDS) == {"event", "provider", "command"}
    assert known(tmp_path) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_formatted_and_linted(repository: Path, kind: str) -> None:
    assert main(repository, [kind, KINDS[kind].EXAMPLE]) == 0
    ours = "lint.isort.known-first-party=['gatebook']"  # it is not beside the scaffolded files
    for command in (["check", "--config", ours], ["format", "--check"]):
        ran = subprocess.run(
            [str(Path(sys.executable).parent / "ruff"), *command, str(repository)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout


def test_a_second_event_of_a_subject_is_added_to_its_file(repository: Path) -> None:
    assert main(repository, ["event", "agent.suspended"]) == 0
    assert main(repository, ["event", "agent.retired"]) == 0
    text = (repository / "src/gatebook/ledger/events/agent.py").read_text()
    assert text.count("from typing import") == 1
    assert text.index("class AgentSuspended(") < text.index("class AgentRetired(")


def test_the_golden_json_of_a_new_event_is_not_its_example(repository: Path) -> None:
    main(repository, ["event", "agent.suspended"])
    assert (repository / "vectors/events/agent.suspended.json").read_text() == "{}\n"


def test_an_unknown_kind_is_told_which_there_are(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(repository, ["detector", "x"]) == 1
    said = capsys.readouterr().out
    assert "no kind 'detector'" in said
    assert "command, event, provider" in said


def test_an_id_of_the_wrong_form_is_told_an_example(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(repository, ["event", "suspend agent"]) == 1
    assert "ID=agent.suspended" in capsys.readouterr().out


def test_nothing_that_exists_is_overwritten(repository: Path) -> None:
    assert main(repository, ["command", "suspend_agent"]) == 0
    assert main(repository, ["command", "suspend_agent"]) == 1
