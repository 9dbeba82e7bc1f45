"""The rows: how each gateway is started on its core, and how a caller addresses it.

A row is one start function and one line in `ROWS`; the first row is the physical limit.
"""

import http.client
import secrets
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench import prepare
from bench.children import Child
from bench.figures import Skipped
from bench.installation import Installation
from bench.load import PATH, reply_body, request_body
from bench.machine import Cores
from gatebook.core.errors import Unavailable

_PEERS = Path(__file__).parent / "peers"
_ROOT = Path(__file__).parent.parent
_READY_SECONDS = 120
_PUBLISH_SECONDS = 120
"""What was recorded under full load may still have to be published when the load ends."""


class _Message(msgspec.Struct):
    content: str


class _Choice(msgspec.Struct):
    message: _Message


class _Completion(msgspec.Struct):
    choices: list[_Choice]


@dataclass(frozen=True, slots=True)
class Site:
    """Where a run takes place: folders, cores, and the mock provider's port."""

    folder: Path
    cores: Cores
    provider_port: int

    @property
    def provider_url(self) -> str:
        """Base address of the mock provider, as an OpenAI client takes it."""
        return f"http://127.0.0.1:{self.provider_port}/v1"


@dataclass(frozen=True, slots=True)
class Gateway:
    """A started row: what is measured, its port, and the headers a caller has to send.

    `beside` are processes that it needs and that are no part of the measurement, in the order in
    which they were started.
    `entries` verifies the book of a row that keeps one, once it has ended, and counts its entries.
    """

    child: Child
    port: int
    headers: Mapping[str, str] = field(default_factory=dict)
    beside: Sequence[Child] = ()
    entries: Callable[[], int] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    id: str
    title: str
    start: Callable[[Site], Gateway | Skipped]


def start_mock(folder: Path, core: int | None) -> Gateway:
    """The mock provider, on the load core or, with None, on any."""
    port = free_port()
    replacements = {"@PORT@": str(port), "@REPLY@": reply_body().decode()}
    return Gateway(_nginx("mock", folder, core, replacements), port)


def start_nginx(site: Site) -> Gateway | Skipped:
    """nginx as a reverse proxy: the physical limit."""
    port = free_port()
    replacements = {"@PORT@": str(port), "@PROVIDER@": str(site.provider_port)}
    return Gateway(_nginx("proxy", site.folder, site.cores.gateway, replacements), port)


def start_passthrough(site: Site) -> Gateway | Skipped:
    """uvicorn and pyreqwest, passing on."""
    return _passthrough("pyreqwest", site)


def start_own_passthrough(site: Site) -> Gateway | Skipped:
    """The listener and the client of the gateway, passing on."""
    return _passthrough("own", site)


def start_litellm(site: Site) -> Gateway | Skipped:
    """LiteLLM proxy: one worker, no database, its master key as the only check."""
    installed = prepare.litellm(site.folder.parent / "peers")
    if isinstance(installed, Skipped):
        return installed
    port, key = free_port(), f"sk-{secrets.token_hex(24)}"
    argv = [str(installed / "bin" / "litellm"), "--config", str(_PEERS / "litellm" / "config.yaml")]
    argv += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    env = {
        "BENCH_PROVIDER": site.provider_url,
        "LITELLM_MASTER_KEY": key,
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "ERROR",
        # Lists it would fetch from the internet at start; the copies in the package are used.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
        "LITELLM_LOCAL_AUTOROUTER_PRESETS": "True",
        "LITELLM_LOCAL_BLOG_POSTS": "True",
        "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
    }
    child = Child(argv, core=site.cores.gateway, folder=site.folder / "litellm", env=env)
    return Gateway(child, port, {"Authorization": f"Bearer {key}"})


def start_portkey(site: Site) -> Gateway | Skipped:
    """Portkey gateway without its console; the provider is named by the caller, as it expects."""
    installed = prepare.portkey(site.folder.parent / "peers")
    if isinstance(installed, Skipped):
        return installed
    port = free_port()
    script = installed / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    argv = ["node", str(script), "--headless", f"--port={port}"]
    child = Child(argv, core=site.cores.gateway, folder=site.folder / "portkey")
    headers = {
        "Authorization": "Bearer sk-provider",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": site.provider_url,
    }
    return Gateway(child, port, headers)


def start_gatebook(site: Site) -> Gateway | Skipped:
    """Gatebook's gateway, with its SQLite on the real disk, alone on the core.

    Integrator and notary share the other core with the load: in production the notary is on
    another machine.
    """
    return _gatebook(site, "gatebook", beside=("notary", "integrator"), measured=("gateway",))


def start_whole(site: Site) -> Gateway | Skipped:
    """Gatebook as it comes: supervisor, gateway, integrator and notary, all on the one core."""
    return _gatebook(site, "whole", beside=(), measured=())


def _gatebook(
    site: Site, name: str, *, beside: Sequence[str], measured: Sequence[str]
) -> Gateway | Skipped:
    port = free_port()
    folder = site.folder / name
    installation = Installation(folder, port, free_port())
    try:
        key = installation.enroll(site.provider_url)
    except Unavailable as problem:
        return Skipped(problem.detail)

    def start(core: int, *process: str) -> Child:
        child = Child(
            installation.command("serve", *process),
            core=core,
            folder=folder.joinpath(*process),
            stop_seconds=_PUBLISH_SECONDS,
        )
        await_word(child, "is ready at")
        return child

    return Gateway(
        beside=[start(site.cores.load, process) for process in beside],
        child=start(site.cores.gateway, *measured),
        port=port,
        headers={"Authorization": f"Bearer {key}"},
        entries=installation.verified_entries,
    )


ROWS = (
    Row("nginx", "nginx reverse proxy (the physical limit)", start_nginx),
    Row("passthrough", "bare pass-through: uvicorn, pyreqwest", start_passthrough),
    Row("own", "bare pass-through: Gatebook's own listener and client", start_own_passthrough),
    Row("litellm", "LiteLLM proxy", start_litellm),
    Row("portkey", "Portkey gateway", start_portkey),
    Row("gatebook", "Gatebook, intent and outcome signed and durable", start_gatebook),
    Row("whole", "Gatebook with integrator and notary on the same core", start_whole),
)


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def await_ready(gateway: Gateway) -> None:
    """Return once a call is answered as the provider answered it; else raises Unavailable."""
    deadline = time.monotonic() + _READY_SECONDS
    problem = ""
    while gateway.child.alive() and time.monotonic() < deadline:
        problem = wrong_answer(gateway)
        if not problem:
            return
        time.sleep(0.2)
    what = "does not answer" if gateway.child.alive() else "ended at start"
    log = gateway.child.log.relative_to(_ROOT)
    raise Unavailable("row_not_ready", f"{what} ({problem}); see {log}")


def await_word(child: Child, word: str) -> None:
    """Return once the child has said it, or has ended: then nobody gets an answer from it."""
    deadline = time.monotonic() + _READY_SECONDS
    while child.alive() and time.monotonic() < deadline and word not in child.log.read_text():
        time.sleep(0.05)


def wrong_answer(gateway: Gateway) -> str:
    """What is wrong with the answer to one call; empty when it carries the provider's message."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    headers = {"Content-Type": "application/json"} | dict(gateway.headers)
    try:
        connection.request("POST", PATH, request_body(), headers)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    if response.status != 200:
        return f"status {response.status}: {body[:200].decode(errors='replace')}"
    return "" if _message(body) == _message(reply_body()) else "the answer is not the provider's"


def provider_requests(mock: Gateway) -> int:
    """All requests that reached the mock provider so far, this question included."""
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=20)
    connection.request("GET", "/calls")
    accepted_handled_requests = connection.getresponse().read().decode().splitlines()[2]
    connection.close()
    return int(accepted_handled_requests.split()[2])


def _message(body: bytes) -> str | None:
    """The assistant's text, or None when the body is no chat completion."""
    try:
        return msgspec.json.decode(body, type=_Completion).choices[0].message.content
    except (msgspec.DecodeError, IndexError):
        return None


def _passthrough(kind: str, site: Site) -> Gateway:
    port = free_port()
    ports = [str(port), str(site.provider_port)]
    child = Child(
        [sys.executable, "-m", "bench.passthrough", kind, *ports],
        core=site.cores.gateway,
        folder=site.folder / f"passthrough-{kind}",
        env={"PYTHONPATH": str(_ROOT)},
    )
    return Gateway(child, port)


def _nginx(name: str, folder: Path, core: int | None, replacements: Mapping[str, str]) -> Child:
    text = (_PEERS / "nginx" / f"{name}.conf").read_text()
    for placeholder, value in replacements.items():
        text = text.replace(placeholder, value)
    home = folder / f"nginx-{name}"
    home.mkdir(parents=True, exist_ok=True)
    (home / "nginx.conf").write_text(text)
    argv = ["nginx", "-p", str(home), "-c", "nginx.conf", "-e", "stderr"]
    return Child(argv, core=core, folder=home)
