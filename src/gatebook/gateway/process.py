"""What the kernel says of this process, under the names that Prometheus' own clients give it.

Source: proc(5), "/proc/pid/stat"; prometheus.io/docs/instrumenting/writing_clientlibs, "Standard
and runtime collectors".
"""

import os
import resource
from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = resource.getpagesize()
_TICKS: Final = os.sysconf("SC_CLK_TCK")

# Fields of /proc/pid/stat, counted from the third: the second, the name, may hold blanks.
_USER_TICKS: Final = 11
_KERNEL_TICKS: Final = 12
_START_TICKS: Final = 19
_RESIDENT_PAGES: Final = 21


def cpu_seconds() -> float:
    """Processor time that was used."""
    fields = _stat()
    return (int(fields[_USER_TICKS]) + int(fields[_KERNEL_TICKS])) / _TICKS


def resident_bytes() -> int:
    """Memory that is in RAM."""
    return int(_stat()[_RESIDENT_PAGES]) * _PAGE_BYTES


def open_files() -> int:
    """Descriptors that are open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def open_files_limit() -> int:
    """How many there may be."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def started_at() -> float:
    """When the process started, in seconds of the Unix epoch."""
    booted = next(
        line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime")
    )
    return int(booted.split()[1]) + int(_stat()[_START_TICKS]) / _TICKS


def _stat() -> list[str]:
    return Path("/proc/self/stat").read_text().rpartition(")")[2].split()
