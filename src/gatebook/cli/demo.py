"""Show one governed call end to end: the gate, the book, the proof."""

import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gatebook.core.errors import Misconfigured, Tampered, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import OpenAI

    from gatebook.app.demo import Installation
    from gatebook.app.simulated.provider import SimulatedProvider

_KEY: Final = re.compile(r"gbk_agt_live_[0-9A-Za-z_]+")
_QUESTION: Final = [{"role": "user", "content": "Who keeps the book?"}]
_PUBLISHED_SECONDS: Final = 30


@click.command(
    epilog="""\b
Examples:
  gatebook demo
  gatebook demo --stay"""
)
@click.option(
    "--stay", is_flag=True, help="Set everything up, say how to use it, and keep running."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the demo lives; wiped at its start.  [default: .demo, with --stay .run]",
)
def command(folder: Path | None, *, stay: bool) -> None:
    """Run Gatebook with a simulated provider, make calls, and prove what was recorded.

    The calls are made with the official openai package. Nothing leaves this machine.
    """
    from gatebook.app.demo import prepare, run_gatebook, run_provider

    signal.signal(signal.SIGTERM, _interrupt)
    folder = folder or Path(".run" if stay else ".demo")
    prepare(folder)
    _step("Start Gatebook and a simulated provider")
    port, log_port = (8484, 8485) if stay else (0, 0)
    with run_provider() as (upstream, provider), run_gatebook(folder, port, log_port) as here:
        _say(f"the gate listens on {here.gateway}, the log can be read on {here.log}")
        key = _set_up(here, upstream)
        if stay:
            _stay(here, key)
        else:
            _show(here, key, provider)


def _interrupt(number: int, frame: object) -> None:
    """SIGTERM ends the demo as Ctrl-C does: in order."""
    del number, frame
    raise KeyboardInterrupt


def _set_up(here: "Installation", upstream: str) -> str:
    """A provider and an agent; the agent's key."""
    _step("Set up a provider, and an agent that somebody answers for")
    _run(
        here,
        ["provider", "add", "simulated", "--base-url", upstream, "--key-file", "-"],
        typed="sk-simulated-provider-key\n",
    )
    printed = _run(
        here,
        [
            *("agent", "enroll", "support-bot", "--owner", "alice@example.com"),
            *("--purpose", "answers support mail", "--model", "gpt-*"),
        ],
    )
    found = _KEY.search(printed)
    if found is None:
        raise Misconfigured("demo_no_key", "Enrolling the agent showed no key.")
    return found[0]


def _stay(here: "Installation", key: str) -> None:
    _step("Running; stop it with Ctrl-C")
    program = f"{os.path.relpath(sys.argv[0])} --config {here.settings}"
    click.echo(f"""
  address   {here.gateway}/v1
  key       {key}

  curl {here.gateway}/v1/chat/completions \\
    -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
    -d '{{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "Hello"}}]}}'

  # pip install openai
  from openai import OpenAI
  client = OpenAI(base_url="{here.gateway}/v1", api_key="{key}")
  answer = client.chat.completions.create(
      model="gpt-4o-mini", messages=[{{"role": "user", "content": "Hello"}}])
  print(answer.choices[0].message.content)

  {program} log tail --follow
""")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo("\nStopping.")


def _show(here: "Installation", key: str, provider: "SimulatedProvider") -> None:
    """The calls, the book, the proof."""
    from openai import OpenAI, __version__

    client = OpenAI(base_url=f"{here.gateway}/v1", api_key=key)
    _step("Take the public keys of the log beforehand, as an auditor would")
    policy = here.folder / "policy.txt"
    policy.write_text(_run(here, ["notary", "policy", "--log", "default"], shown=60), "utf-8")
    _step("Give the agent a budget; the simulated models get a price")
    _run(here, ["price", "set", "gpt-*", "--input", "0.15", "--output", "0.60"])
    _run(here, ["limit", "set", "0.005usd/day", "--agent", "support-bot"])
    _step(f"Call through the gate with the openai package {__version__}, unmodified")
    references = _call(client)
    _step("Calls that may not be made")
    _be_refused(here, client)
    _say(f"the provider saw {len(provider.seen)} requests, and the agent's key in none of them")
    if any(key in str(seen) for seen in provider.seen):
        raise Tampered("demo_key_leaked", "The agent's key reached the provider.")
    _step("The book: what was recorded before each call left and after it came back")
    _run(here, ["log", "tail", "--log", "default"])
    _step("Export the log and verify it offline, without server or database")
    export = here.folder / "export"
    _export(here, export, policy, references)
    _step("Flip one bit of the export and verify again")
    _tamper(here, export)
    _conclude(references)


def _call(client: "OpenAI") -> list[str]:
    """A whole answer, a stream and the list of models; the references of their entries."""
    create: Callable[..., Any] = client.chat.completions.with_raw_response.create
    raw = create(model="gpt-4o-mini", messages=_QUESTION)
    references = [raw.headers["x-request-id"]]
    text = raw.parse().choices[0].message.content
    _say(f"whole answer: {text[:48]}...    x-request-id: {references[-1]}")
    raw = create(model="gpt-4o-mini", messages=_QUESTION, stream=True)
    references.append(raw.headers["x-request-id"])
    chunks = [chunk for chunk in raw.parse() if chunk.choices]
    _say(f"streamed answer in {len(chunks)} chunks    x-request-id: {references[-1]}")
    models = client.models.with_raw_response.list()
    references.append(models.headers["x-request-id"])
    names = ", ".join(model.id for model in models.parse().data)
    _say(f"models this agent may use: {names}    x-request-id: {references[-1]}")
    return references


def _be_refused(here: "Installation", client: "OpenAI") -> None:
    """A model out of scope, more than the budget, then a key that was revoked a moment ago."""
    from openai import AuthenticationError, PermissionDeniedError, RateLimitError

    create: Callable[..., Any] = client.chat.completions.create
    try:
        create(model="o4-mini", messages=_QUESTION)
    except PermissionDeniedError as error:
        _say(f"o4-mini: {error.status_code} {error.code}    x-request-id: {error.request_id}")
    else:
        raise Tampered("demo_not_refused", "A model out of scope was let through.")
    try:
        create(model="gpt-4o-mini", messages=_QUESTION, max_tokens=20_000)
    except RateLimitError as error:
        said = f"{error.status_code} {error.code}    x-request-id: {error.request_id}"
        _say(f"20,000 tokens: {said}")
    else:
        raise Tampered("demo_not_refused", "A call beyond the budget was let through.")
    _run(here, ["agent", "revoke", "support-bot", "--reason", "end of the demo"])
    time.sleep(1)  # the promise: revoked everywhere within a second
    try:
        create(model="gpt-4o-mini", messages=_QUESTION)
    except AuthenticationError as error:
        _say(f"revoked key: {error.status_code} {error.code}")
    else:
        raise Tampered("demo_not_refused", "A revoked key was let through.")


def _export(here: "Installation", export: Path, policy: Path, references: list[str]) -> None:
    """Export as soon as a checkpoint covers the calls; checkpoints are signed at intervals."""
    receipts = [word for reference in references for word in ("--receipt", reference)]
    arguments = ["log", "export", "--log", "default", str(export)]
    deadline = time.monotonic() + _PUBLISHED_SECONDS
    while time.monotonic() < deadline:
        shutil.rmtree(export, ignore_errors=True)
        if here.gatebook(arguments)[0] == 0:
            code, _ = here.gatebook(["verify", str(export), *receipts])
            if code == 0:
                click.echo(f"  $ gatebook {' '.join(arguments)}")
                _run(here, ["verify", str(export), "--full", "--policy", str(policy), *receipts])
                return
        time.sleep(0.2)
    raise Unavailable("demo_not_published", "No checkpoint covered the calls in time.")


def _tamper(here: "Installation", export: Path) -> None:
    """One bit of one entry; verification has to say so."""
    forged = here.folder / "forged"
    shutil.copytree(export, forged, dirs_exist_ok=True)
    bundle = next(forged.glob("tile/entries/000*/*"), forged / "tile" / "entries" / "000")
    content = bytearray(bundle.read_bytes())
    content[len(content) // 2] ^= 1
    bundle.write_bytes(content)
    code, printed = here.gatebook(["verify", str(forged)])
    failed = [
        line.strip() for line in printed.splitlines() if "changed" in line or "not the" in line
    ]
    if code != 1:
        raise Tampered("demo_not_detected", f"A flipped bit went unnoticed (exit code {code}).")
    _say(f"exit code 1, tampered: {failed[0] if failed else printed.splitlines()[-1].strip()}")


def _conclude(references: list[str]) -> None:
    click.secho("\nWhat was proven", bold=True)
    for line in (
        f"{len(references)} calls went through the gate, each recorded before it left and after",
        "  it came back, each traceable to support-bot and to alice@example.com.",
        "A model out of scope, a call beyond the budget and a revoked key were refused,",
        "  and nothing left for them.",
        "The exported log verifies with nothing but its own files and keys taken beforehand;",
        "  one flipped bit is found and named.",
    ):
        click.echo(f"  {line}")
    click.secho("What was not", bold=True)
    click.echo(
        "  Calls that do not go through the gate are in no book. The provider was simulated."
    )


def _run(here: "Installation", arguments: list[str], typed: str = "", shown: int = 400) -> str:
    """A verb as a user would type it, and what it says; raises Unavailable if it fails."""
    words = " ".join(f"'{word}'" if " " in word or "*" in word else word for word in arguments)
    click.echo(f"  $ gatebook {words}")
    code, printed = here.gatebook(arguments, typed=typed)
    click.echo(_indent(printed, shown))
    if code != 0:
        raise Unavailable("demo_step_failed", f"gatebook {words} ended with code {code}.")
    return printed


def _indent(printed: str, shown: int = 400) -> str:
    """Set in, and long lines cut short."""
    lines = (f"{line[:shown]}..." if len(line) > shown else line for line in printed.splitlines())
    return "\n".join(f"    {line}" for line in lines)


def _step(title: str) -> None:
    click.secho(f"\n> {title}", bold=True)


def _say(text: str) -> None:
    click.echo(f"  {text}")
