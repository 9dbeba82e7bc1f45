"""Child processes: started on one core, measured with everything they start, and always stopped."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gatebook.app.file_lock import locked
from gatebook.core.errors import Conflict

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

_LOOK_SECONDS = 1.2
"""More than the interval of checkpoints in a benchmark (`bench/installation.py`)."""

_IDLE_SHARE = 0.05
"""All of Gatebook with nothing to do takes 2 to 3 percent of a core, for empty checkpoints."""

_SETTLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes of a process tree; PSS counts a shared page once, RSS once per process."""

    rss_bytes: int
    pss_bytes: int


@contextlib.contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Move this process to one core; what is started inside inherits it, with all threads.

    None leaves it where it is, on any core.
    """
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep others out of a folder that is made if need be; raises Conflict if one is in it."""
    folder.mkdir(exist_ok=True)
    taken = Conflict(
        "bench_running", f"Another benchmark is using {folder.name}.", "Wait for its end."
    )
    with locked(folder / "lock", taken):
        yield


def fresh_environment(home: Path) -> dict[str, str]:
    """What a process is told: no proxy, key or setting of the caller's shell changes a figure."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8"}


class Child:
    """One process in a session of its own, so that Ctrl-C reaches us and we stop it in order."""

    def __init__(
        self,
        argv: list[str],
        *,
        core: int | None,
        folder: Path,
        env: Mapping[str, str] | None = None,
        stop_seconds: float = 10,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "output.log"
        with self.log.open("wb") as log, on_core(core):
            self._process = subprocess.Popen(
                argv,
                cwd=folder,
                env=fresh_environment(folder) | dict(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._core = core
        self._stop_seconds = stop_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def alive(self) -> bool:
        """Whether the process itself still runs."""
        return self._process.poll() is None

    def pids(self) -> list[int]:
        """The process and all its descendants."""
        parents = _parents()
        tree = [self._process.pid]
        for pid in tree:  # grows while it is walked: breadth first
            tree.extend(child for child, parent in parents.items() if parent == pid)
        return [pid for pid in tree if pid in parents]

    def cpu_seconds(self) -> float:
        """Processor time the tree has used so far, user and system."""
        return sum(_cpu_ticks(pid) for pid in self.pids()) / _TICKS_PER_SECOND

    def memory(self) -> Memory:
        """Resident memory of the tree now (Linux, `/proc/<pid>/smaps_rollup`)."""
        rollups = [_rollup(pid) for pid in self.pids()]
        return Memory(
            rss_bytes=sum(rollup.get("Rss", 0) for rollup in rollups) * 1024,
            pss_bytes=sum(rollup.get("Pss", 0) for rollup in rollups) * 1024,
        )

    def strays(self) -> list[int]:
        """Threads of the tree that may run on another core than the one they were given, if any."""
        if self._core is None:
            return []
        threads = [int(task.name) for pid in self.pids() for task in _tasks(pid)]
        return [thread for thread in threads if _affinity(thread) not in (None, {self._core})]

    def stop(self) -> None:
        """Ask the whole tree to end, wait, then end by force what is left."""
        tree = self.pids()
        _signal(tree[:1], signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self._stop_seconds)
        _signal(_outliving(tree, seconds=1.0), signal.SIGKILL)
        self._process.wait()
        _outliving(tree, seconds=1.0)


def settle(trees: Sequence[Child], *, at_most: float = _SETTLE_SECONDS) -> bool:
    """Wait until trees have done what they put off, so that it falls on nobody else's round.

    Looks at whole intervals, which each hold a checkpoint: between two of them nothing is done
    however much is left. False if they are still busy after `at_most` seconds.
    """
    deadline = time.monotonic() + at_most
    used = sum(tree.cpu_seconds() for tree in trees)
    while time.monotonic() < deadline:
        before, since = used, time.monotonic()
        time.sleep(_LOOK_SECONDS)
        used = sum(tree.cpu_seconds() for tree in trees)
        if used - before < _IDLE_SHARE * (time.monotonic() - since):
            return True
    return False


def _parents() -> dict[int, int]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            found[int(folder.name)] = int(fields[1])
    return found


def _stat(pid: int) -> list[str]:
    """Fields of `/proc/<pid>/stat` from the state on; empty when the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_ticks(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _rollup(pid: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def _affinity(thread: int) -> set[int] | None:
    try:
        return os.sched_getaffinity(thread)
    except OSError:
        return None


def _outliving(pids: list[int], *, seconds: float) -> list[int]:
    """Those that still run after `seconds`; returns as soon as there are none."""
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if (fields := _stat(pid)) and fields[0] != "Z"]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return left


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
