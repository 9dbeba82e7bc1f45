"""`gatebook serve` as an operator meets it: real processes, real signals."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

Start = Callable[..., "Served"]

ORDER = ["notary", "integrator", "gateway"]


class Served:
    """A running `gatebook serve`, and what it says."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.log = folder / "stderr"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gatebook.cli", "--data", str(folder / "data"), "serve"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """Everything that was said so far."""
        return self.log.read_text()

    def ready(self) -> list[str]:
        """Who said to be ready, in order."""
        return re.findall(r"supervisor +(\w+) is ready", self.said)

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
                    found[words[words.index("serve") + 1]] = int(stat.parent.name)
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

    def begin(**settings: object) -> Served:
        chosen = {"GATEWAY_PORT": free_port(), "LOG_PORT": free_port(), **settings}
        environment = {f"GATEBOOK_{name}": str(value) for name, value in chosen.items()}
        served = Served(tmp_path, {"PATH": os.environ["PATH"], **environment})
        started.append(served)
        return served

    yield begin
    for served in started:
        for pid in (*served.children().values(), served.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        served.process.wait()


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it waited for or not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def test_processes_start_in_order_and_stop_in_reverse_without_a_traceback(start: Start) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    assert served.end(signal.SIGINT) == 0
    assert re.findall(r"supervisor +(\w+) ended", served.said) == ORDER[::-1]
    assert "Traceback" not in served.said
    assert "incident" not in served.said


@pytest.mark.parametrize("name", ORDER)
def test_what_is_killed_is_started_again_and_the_others_stay(start: Start, name: str) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    before = served.children()
    os.kill(before[name], signal.SIGKILL)
    served.wait(lambda: served.ready() == [*ORDER, name])
    after = served.children()
    assert after.pop(name) != before.pop(name)
    assert after == before
    assert served.end() == 0


def test_no_process_outlives_a_supervisor_that_was_killed(start: Start) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    children = list(served.children().values())
    served.end(signal.SIGKILL)
    served.wait(lambda: all(is_gone(pid) for pid in children))


def test_what_cannot_run_as_it_is_set_up_is_not_tried_again(start: Start) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        served = start(GATEWAY_PORT=taken.getsockname()[1])
        assert served.process.wait(20) == 78
    assert "Nobody can listen on 127.0.0.1" in served.said
    assert "starting it again" not in served.said


def test_a_wrong_setting_is_named_before_anything_is_started(start: Start) -> None:
    served = start(LEDGER_QUEUE_LIMIT=0)
    assert served.process.wait(20) == 78
    assert "ledger.queue_limit from GATEBOOK_LEDGER_QUEUE_LIMIT is wrong" in served.said
    assert not (served.log.parent / "data").exists()


def test_a_command_finds_the_running_notary(start: Start) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    data = str(served.log.parent / "data")
    done = subprocess.run(
        [sys.executable, "-m", "gatebook.cli", "--data", data, "organization", "create", "acme"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert served.ready() == ORDER
    assert served.end() == 0
