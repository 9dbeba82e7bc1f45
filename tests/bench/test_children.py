"""Child processes of a run: pinned, measured as a tree, and gone afterwards."""

import os
import sys
import time
from pathlib import Path

import pytest

from bench.children import Child, alone, settle
from gatebook.core.errors import Conflict

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="reads /proc, as the benchmark does"
)

_PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                         start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


def _started(folder: Path) -> tuple[Child, int]:
    child = Child([sys.executable, "-c", _PARENT], core=min(os.sched_getaffinity(0)), folder=folder)
    while not child.log.read_text().endswith("\n"):
        time.sleep(0.01)
    return child, int(child.log.read_text())


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_memory_and_processor_time_cover_what_the_child_started(tmp_path: Path) -> None:
    child, grandchild = _started(tmp_path)
    with child:
        assert grandchild in child.pids()
        memory = child.memory()
        assert memory.rss_bytes > memory.pss_bytes > 1_000_000
        assert child.cpu_seconds() >= 0.01
        assert child.strays() == []


def test_a_row_has_settled_when_it_uses_next_to_nothing_for_an_interval(tmp_path: Path) -> None:
    core = min(os.sched_getaffinity(0))
    with Child(["sleep", "60"], core=core, folder=tmp_path) as idle:
        assert settle([idle])
        busy = Child(["sh", "-c", "while :; do :; done"], core=core, folder=tmp_path / "busy")
        with busy:
            assert not settle([idle, busy], at_most=1)


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(Conflict, match="Another benchmark"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_stopping_ends_the_whole_tree_even_one_in_its_own_session(tmp_path: Path) -> None:
    child, grandchild = _started(tmp_path)
    child.stop()
    assert not child.alive()
    assert _gone(grandchild)
