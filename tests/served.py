"""A running `gatebook serve`: real processes on free ports, in a folder of the test's."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., "Served"]

ORDER = ["notary", "integrator", "gateway"]


class Served:
    """A running `gatebook serve`, and what it says."""

    def __init__(
        self, folder: Path, environment: dict[str, str], *process: str, data: str = "data"
    ) -> None:
        """All of Gatebook, or one process of it."""
        self.data = folder / data
        self._environment = environment
        self._program = [sys.executable, "-m", "gatebook.cli", "--data", str(self.data)]
        descriptor, name = tempfile.mkstemp(prefix="stderr-", dir=folder)
        self._log = Path(name)
        with os.fdopen(descriptor, "wb") as log:
            self.process = subprocess.Popen(
                [*self._program, "serve", *process],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def gatebook(self, *arguments: str) -> Any:
        """What a verb answers in JSON; nothing may be said beside it."""
        return json.loads(self._run(*arguments))

    def lines(self, *arguments: str) -> list[Any]:
        """What a verb answers in lines of JSON."""
        return [json.loads(line) for line in self._run(*arguments).splitlines()]

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._program, *arguments, "--json"],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    @property
    def said(self) -> str:
        """Everything that was said so far."""
        return self._log.read_text()

    def address(self, name: str) -> tuple[str, int]:
        """Host and port that a process said it is ready at."""
        found = re.findall(rf"{re.escape(name)} is ready at http://([\d.]+):(\d+)", self.said)
        return found[-1][0], int(found[-1][1])

    def ready(self) -> list[str]:
        """Who said to be ready, in order."""
        return re.findall(r"supervisor +([\w.-]+) is ready", self.said)

    def wait(self, condition: Callable[[], object]) -> None:
        """Wait until something is so; for twenty seconds."""
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def children(self) -> dict[str, int]:
        """The children's process ids by their names."""
        found = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
                words = stat.with_name("cmdline").read_text().split("\0")
                if parent == self.process.pid and "serve" in words:
                    name = words[words.index("serve") + 1]
                    number = words[words.index("--worker") + 1] if "--worker" in words else "1"
                    found[name if number == "1" else f"{name}.{number}"] = int(stat.parent.name)
        return found

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.process.wait(30)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `gatebook serve` on free ports; whatever runs at the end is killed."""
    started: list[Served] = []

    def begin(*process: str, data: str = "data", **settings: object) -> Served:
        chosen = {"GATEWAY_PORT": free_port(), "LOG_PORT": free_port(), **settings}
        environment = {f"GATEBOOK_{name}": str(value) for name, value in chosen.items()}
        # The program under test is that of this process, wherever it finds it.
        inherited = {
            name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ
        }
        served = Served(tmp_path, {**inherited, **environment}, *process, data=data)
        started.append(served)
        return served

    yield begin
    for served in started:
        for pid in (*served.children().values(), served.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        served.process.wait()
