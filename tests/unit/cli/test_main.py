"""How a failure becomes words and an exit code."""

import sys
from pathlib import Path

import click
import pytest

from gatebook.cli.main import gatebook, main
from gatebook.core import errors


def run(monkeypatch: pytest.MonkeyPatch, error: BaseException | None, *arguments: str) -> int:
    """The exit code of a run whose verb raises this."""

    def verb(*_: object) -> click.Command | None:
        if error is not None:
            raise error
        return None

    if error is not None:
        monkeypatch.setattr(gatebook, "invoke", verb)
    monkeypatch.setattr("os.umask", lambda mode: mode)
    monkeypatch.setattr(sys, "argv", ["gatebook", *(arguments or ("config", "check"))])
    with pytest.raises(SystemExit) as caught:
        main()
    code = caught.value.code
    return code if isinstance(code, int) else 0


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.Invalid, 2),
        (errors.NotFound, 1),
        (errors.Refused, 1),
        (errors.Conflict, 1),
        (errors.Tampered, 1),
        (errors.Unavailable, 75),
        (errors.Misconfigured, 78),
    ],
)
def test_a_failure_is_said_with_its_next_step_and_has_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: type[errors.GatebookError],
    code: int,
) -> None:
    assert run(monkeypatch, kind("some_code", "It went wrong.", "Try this.")) == code
    assert capsys.readouterr().err == "Error: It went wrong.\n  Try this.\n"


def test_ctrl_c_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.strip() == "Stopped."


def test_what_nobody_expected_is_an_incident_with_a_log_and_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.mkdtemp", lambda prefix: str(tmp_path))
    assert run(monkeypatch, RuntimeError("boom")) == 70
    said = capsys.readouterr().err
    assert "incident" in said
    assert "boom" not in said
    assert "Traceback" not in said
    (log,) = tmp_path.iterdir()
    assert log.stem in said
    assert "RuntimeError: boom" in log.read_text()


def test_every_verb_has_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, None, "--help") == 0
    listed = capsys.readouterr().out
    for verb in gatebook.list_commands(click.Context(gatebook)):
        assert verb in listed
        assert run(monkeypatch, None, verb, "--help") == 0
        assert "Usage: gatebook" in capsys.readouterr().out
