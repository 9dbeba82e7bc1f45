"""Stops are ordered and listed on the command line while the database does not answer."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatebook.app.config import load_config
from gatebook.app.init import create
from gatebook.cli.main import gatebook
from gatebook.core.errors import Misconfigured, Unavailable
from gatebook.core.ids import system_entropy

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:9/nothing"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with keys; nobody listens where its database should be."""
    data = tmp_path / "data"
    create(load_config(data=data, environment={}).config, system_entropy)
    return data


def run(data: Path, *words: str) -> Result:
    environment = {"GATEBOOK_STORAGE_URL": NOWHERE, "GATEBOOK_STORAGE_WAIT_SECONDS": "1"}
    return CliRunner().invoke(gatebook, ["--data", str(data), *words], env=environment)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("stop", "engage", "agent", "triage"), "agent"),
        (("agent", "quarantine", "triage"), "quarantine"),
    ],
)
def test_an_order_that_the_database_does_not_take_is_in_force_and_listed(
    data: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], kind: str
) -> None:
    monkeypatch.setattr("gatebook.app.emergency.WAIT_SECONDS", 0)
    engaged = run(data, *words, "--reason", "astray")
    assert isinstance(engaged.exception, Unavailable)
    assert engaged.exception.code == "stop_unrecorded"
    listed = run(data, "stop", "list", "--json")
    row = json.loads(listed.stdout)
    assert row["stop"] in engaged.exception.detail
    assert (row["kind"], row["subject"]) == (kind, "triage")
    assert row["state"] == "ordered here"  # it may be recorded, and released, by now
    assert "that this machine has by itself" in listed.stderr


def test_an_order_that_cannot_be_written_goes_to_the_database(tmp_path: Path) -> None:
    data = tmp_path / "data"
    create(load_config(data=data, environment={}).config, system_entropy)
    (data / "stops").touch()
    engaged = CliRunner().invoke(gatebook, ["--data", str(data), "stop", "engage", "platform"])
    assert engaged.exit_code == 0
    assert "cannot be written" in engaged.stderr
    listed = CliRunner().invoke(gatebook, ["--data", str(data), "stop", "list", "--json"])
    assert json.loads(listed.stdout)["kind"] == "platform"
    assert "Without the orders of this machine" in listed.stderr


def test_an_order_that_nobody_takes_is_told_to_be_none(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatebook.app.emergency.WAIT_SECONDS", 0)
    (data / "stops").touch()
    engaged = run(data, "stop", "engage", "platform")
    assert isinstance(engaged.exception, Unavailable)
    assert engaged.exception.code == "stop_not_written"


def test_without_an_installation_nobody_can_be_told(tmp_path: Path) -> None:
    assert isinstance(run(tmp_path, "stop", "engage", "platform").exception, Misconfigured)
