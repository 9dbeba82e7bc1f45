"""The machine a run was made on, and how busy its cores were with other people's work."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from gatebook.core.errors import Misconfigured

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_STACK = ("uvicorn", "uvloop", "httptools", "pyreqwest", "msgspec", "sqlalchemy", "pynacl")


@dataclass(frozen=True, slots=True)
class Cores:
    """The gateway has one core to itself; load and mock provider share another."""

    gateway: int
    load: int


@dataclass(frozen=True, slots=True)
class Machine:
    """What somebody needs to know to compare a run with theirs."""

    processor: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    disk: str
    versions: dict[str, str]


def choose_cores() -> Cores:
    """The first two cores we may use; raises Misconfigured on a machine with fewer."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Misconfigured(
            "bench_needs_two_cores",
            "The benchmark needs two processor cores: one for the gateway, one for the load.",
            "Run it on a machine or in a container with at least two.",
        )
    return Cores(gateway=allowed[0], load=allowed[1])


def describe(folder: Path, peers: dict[str, str]) -> Machine:
    """Processor, memory, kernel, Python, disk under `folder`, and every version that matters."""
    processor = _first("/proc/cpuinfo", "model name") or platform.processor() or "unknown"
    return Machine(
        processor=processor,
        cores=os.cpu_count() or 1,
        memory_gib=round(int(_first("/proc/meminfo", "MemTotal").split()[0] or 0) / 2**20, 1),
        kernel=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        disk=_filesystem(folder),
        versions=dict(sorted((_versions() | peers).items())),
    )


def busy_seconds(core: int) -> float:
    """Seconds a core has spent on programs, or was withheld by the hypervisor, since boot.

    Interrupts are left out: network interrupts of a row are its own, but counted to no process.
    """
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, _irq, _softirq, steal = map(int, fields[:8])
            return (user + nice + system + steal) / _TICKS_PER_SECOND
    return 0.0


def _first(path: str, field: str) -> str:
    for line in Path(path).read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return ""


def _filesystem(folder: Path) -> str:
    """Type of the file system that holds `folder`: the longest mount point above it."""
    mounts = [line.split()[:3] for line in Path("/proc/mounts").read_text().splitlines()]
    above = [(point, kind) for _, point, kind in mounts if folder.is_relative_to(point)]
    return max(above, default=("", "unknown"), key=lambda mount: len(mount[0]))[1]


def _versions() -> dict[str, str]:
    found = {name: metadata.version(name) for name in _STACK}
    for tool, argument in (("nginx", "-v"), ("wrk", "-v"), ("node", "--version")):
        if shutil.which(tool):
            shown = subprocess.run([tool, argument], capture_output=True, text=True, check=False)
            found[tool] = _version_word(shown.stdout + shown.stderr)
    return found


def _version_word(text: str) -> str:
    """The first word that holds a version: `nginx version: nginx/1.22.1` gives `1.22.1`."""
    words = [word for word in text.replace("/", " ").split() if any(c.isdigit() for c in word)]
    return words[0].lstrip("v") if words else "unknown"
