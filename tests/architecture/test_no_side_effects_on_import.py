"""Importing any module of Gatebook only defines things: nothing is written, opened or started."""

import json
import subprocess
import sys

import pytest

from tests.architecture.program import ROOT, module_names

# Runs in an interpreter of its own. The audit events are those of the Python library reference
# ("Audit events table"); what imports themselves do (reading files, listing folders) is let pass.
WATCH = """
import importlib, json, os, signal, sys, threading
import numpy  # sets a variable for its OpenBLAS while it loads, and takes it back

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
HAPPENS = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn",
           "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.putenv", "os.unsetenv", "shutil.",
           "sqlite3.", "_thread.start_new_thread", "tempfile.", "fcntl.flock", "fcntl.lockf",
           "signal.", "urllib.")
seen = []

def watch(event, arguments):
    if event == "open" and arguments[2] & WRITES or event.startswith(HAPPENS):
        seen.append([current, event, repr(arguments)[:200]])

signals = [signal.getsignal(number) for number in signal.valid_signals()]
variables = dict(os.environ)
sys.addaudithook(watch)
for current in sys.argv[1:]:
    importlib.import_module(current)
    if threading.active_count() > 1:
        seen.append([current, "thread", str(threading.enumerate())])
current = "all"
if signals != [signal.getsignal(number) for number in signal.valid_signals()]:
    seen.append(["some module", "signal handler", ""])
if variables != dict(os.environ):
    seen.append(["some module", "environment", ""])
print(json.dumps(seen))
"""


def seen_while_importing(*modules: str, prelude: str = "") -> list[list[str]]:
    """What an interpreter of its own did while it imported these modules."""
    ran = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", prelude + WATCH, *modules],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: list[list[str]] = json.loads(ran.stdout)
    return found


def test_importing_every_module_does_nothing_observable() -> None:
    seen = seen_while_importing(*module_names())
    assert not seen, "\n".join(map(str, seen))


@pytest.mark.parametrize(
    "line",
    [
        "open('x', 'w')",
        "__import__('threading').Thread(target=__import__('time').sleep, args=[1]).start()",
        "__import__('os').environ.update(X='1')",
        "__import__('socket').create_server(('127.0.0.1', 0))",
    ],
)
def test_the_watch_sees_what_it_is_there_for(
    line: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("module")
    (folder / "guilty.py").write_text(line)
    prelude = f"import os, sys; sys.path.insert(0, {str(folder)!r}); os.chdir({str(folder)!r})\n"
    assert seen_while_importing("guilty", prelude=prelude)
