"""What `gatebook demo` runs on: a fresh installation in a folder, and a simulated provider.

Gatebook runs as `gatebook serve` does, in processes of its own; the provider is a thread here. The
folder is wiped at the start, and only if a demo made it.
"""

import asyncio
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from uvicorn import Server

from gatebook.app.child import Child
from gatebook.app.simulated.provider import SimulatedProvider
from gatebook.core.clock import SystemClock
from gatebook.core.errors import Conflict, GatebookError, Misconfigured, Unavailable
from gatebook.core.ids import system_entropy
from gatebook.web.problem import Answer
from gatebook.web.server import Edge, server_config

_MARK: Final = "made-by-gatebook-demo"
_HOST: Final = "127.0.0.1"
_READY_SECONDS: Final = 60
_STOP_SECONDS: Final = 30


class Installation:
    """A running Gatebook: its address, its settings, and its command line."""

    def __init__(self, folder: Path, gateway: str, log: str) -> None:
        self.folder = folder
        self.gateway = gateway
        self.log = log

    @property
    def settings(self) -> Path:
        """The settings file to give to `gatebook --config`."""
        return self.folder / "gatebook.toml"

    def gatebook(self, arguments: Sequence[str], *, typed: str = "") -> tuple[int, str]:
        """Run a verb as a user would; its exit code and everything that it printed."""
        done = subprocess.run(  # noqa: S603  # our own program
            [*_program(), "--config", str(self.settings), *arguments],
            input=typed,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, done.stdout


def prepare(folder: Path) -> None:
    """An empty folder for a demo; raises Conflict if something else lives there."""
    if folder.exists() and not (folder / _MARK).exists() and any(folder.iterdir()):
        raise Conflict(
            "demo_folder_taken",
            f"{folder} holds something that no demo made.",
            "Name another folder with --folder.",
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    (folder / _MARK).touch()


@contextmanager
def run_gatebook(folder: Path, port: int, log_port: int) -> Iterator[Installation]:
    """Gatebook on these ports, or on free ones where they are taken, until the end of the block."""
    here = Installation(folder, *(f"http://{_HOST}:{_free(each)}" for each in (port, log_port)))
    here.settings.write_text(_settings(here), "utf-8")
    words = folder / "serve.log"
    with words.open("w", encoding="utf-8") as log:
        gatebook = Child("", ["--config", str(here.settings)], log)
    try:
        _wait(gatebook, words)
        yield here
    finally:
        gatebook.stop(_STOP_SECONDS)


@contextmanager
def run_provider() -> Iterator[tuple[str, SimulatedProvider]]:
    """The simulated provider and its address, until the end of the block."""
    provider = SimulatedProvider(SystemClock(), system_entropy)
    with socket.create_server((_HOST, 0)) as listener:
        port = listener.getsockname()[1]
        edge = Edge(connections=100, head_seconds=10, body_seconds=60, refusal=_refusal)
        server = Server(server_config(provider, host=_HOST, port=port, edge=edge, drain_seconds=1))
        thread = threading.Thread(target=_serve, args=(server, listener), name="provider")
        thread.start()
        try:
            yield f"http://{_HOST}:{port}/v1", provider
        finally:
            server.should_exit = True
            thread.join()


def _serve(server: Server, listener: socket.socket) -> None:
    asyncio.run(server.serve(sockets=[listener]))


def _refusal(error: GatebookError) -> Answer:
    return Answer(400, [], error.detail.encode())


def _program() -> list[str]:
    return [sys.executable, "-P", "-m", "gatebook.cli"]


def _settings(here: Installation) -> str:
    """Small intervals, so that a demo need not wait for them."""
    gateway_port, log_port = (each.rpartition(":")[2] for each in (here.gateway, here.log))
    data = here.folder.absolute() / "data"
    return f"""[server]
data = '{data}'

[gateway]
port = {gateway_port}

[log]
port = {log_port}

[ledger]
origin = "demo.gatebook.local"
checkpoint_seconds = 1
"""


def _free(port: int) -> int:
    """This port, or another one if somebody has it."""
    for candidate in (port, 0):
        try:
            with socket.create_server((_HOST, candidate)) as taken:
                return int(taken.getsockname()[1])
        except OSError:
            continue
    raise Misconfigured("no_port", f"No port is free on {_HOST}.")


def _wait(gatebook: Child, words: Path) -> None:
    """Until the gate takes calls; raises Unavailable with its last words if it cannot."""
    try:
        gatebook.wait_ready(_READY_SECONDS)
    except Unavailable:
        last = "\n".join(words.read_text("utf-8").splitlines()[-5:])
        raise Unavailable(
            "demo_not_started", f"Gatebook did not start:\n{last}", f"See {words}."
        ) from None
