"""The integrator's process ends, and says so, when the work in it has ended unasked."""

import threading
from pathlib import Path

import pytest

from gatebook.app.config import load_config
from gatebook.app.init import create
from gatebook.app.integrator import Integrator, run
from gatebook.core.ids import system_entropy


def fail(integrator: Integrator, stop: threading.Event) -> None:
    """What no code of ours expects."""
    del integrator, stop
    raise RuntimeError("unforeseen")


def test_what_ends_the_work_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that went on without its worker would look sound and publish nothing."""
    monkeypatch.setattr(Integrator, "run", fail)
    config = load_config(data=tmp_path / "data", environment={"GATEBOOK_LOG_PORT": "0"}).config
    create(config, system_entropy)
    with pytest.raises(RuntimeError, match="unforeseen"):
        run(config, lambda _: None)
