"""A gate is known to run as long as it holds its lock, whether or not it answers."""

import os
import subprocess
import sys
from pathlib import Path

from gatebook.app.gate_locks import gates, held

_CHILD = """
import sys
from pathlib import Path
from gatebook.app.gate_locks import held
with held(Path(sys.argv[1]), "prc_child"):
    print("here", flush=True)
    sys.stdin.read()
"""


def test_a_gate_is_there_while_it_runs(tmp_path: Path) -> None:
    with held(tmp_path, "prc_1"), held(tmp_path, "prc_2"):
        assert gates(tmp_path) == {"prc_1": os.getpid(), "prc_2": os.getpid()}
    assert gates(tmp_path) == {}


def test_nobody_is_there_before_the_first(tmp_path: Path) -> None:
    assert gates(tmp_path) == {}


def test_one_that_was_killed_is_gone(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    child.stdout.readline()
    assert gates(tmp_path) == {"prc_child": child.pid}
    child.kill()
    child.communicate()
    assert gates(tmp_path) == {}
    assert list((tmp_path / "gates").iterdir()) == []
