"""A fresh Gatebook for a run: set up, taken apart and verified through its own command line."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from bench.children import fresh_environment
from gatebook.core.errors import Unavailable

_PROGRAM: Final = [sys.executable, "-P", "-m", "gatebook.cli"]
_COMMAND_SECONDS: Final = 600
_LIMITS: Final = (
    ("100000000requests/minute", "--agent", "bench"),
    ("100000000000tokens/minute", "--agent", "bench"),
    ("1000concurrent", "--agent", "bench"),
    ("100000usd/day", "--agent", "bench"),
    ("1000000usd/month", "--workspace", "default"),
    ("100000000000tokens/day", "--workspace", "default"),
    ("10000000usd/month",),
)
"""One of each kind and on each level, so large that no call meets one: each is still kept."""

_ORIGIN: Final = "bench.gatebook.local"


class _Enrolled(msgspec.Struct):
    key: str


class _Exported(msgspec.Struct):
    entries: int


CHECKPOINT_SECONDS: Final = 1
"""Shorter than it comes, so that a round holds several checkpoints and pays for them."""


class Installation:
    """One data folder; its settings are as they come, but for ports, name and checkpoints."""

    def __init__(
        self,
        folder: Path,
        port: int,
        log_port: int,
        *,
        models: Sequence[str] = ("gpt-*",),
        gateway: Mapping[str, int] | None = None,
        settings: str = "",
    ) -> None:
        """`models` are what the agent may use; `gateway` and `settings` are more settings."""
        waits = "".join([f"{name} = {value}\n" for name, value in (gateway or {}).items()])
        folder.mkdir(parents=True)
        self._folder = folder
        self._models = models
        self.settings = folder / "gatebook.toml"
        self.settings.write_text(
            f"[server]\ndata = '{folder / 'data'}'\n\n[gateway]\nport = {port}\n{waits}\n"
            f'[log]\nport = {log_port}\n\n[ledger]\norigin = "{_ORIGIN}"\n'
            f"checkpoint_seconds = {CHECKPOINT_SECONDS}\n{settings}"
        )

    def command(self, *words: str) -> list[str]:
        """The command line for a verb of this installation."""
        return [*_PROGRAM, "--config", str(self.settings), *words]

    def enroll(self, provider_url: str, *served: str) -> str:
        """Add the provider, for some models or all, and one agent with limits; its key."""
        owner = ["--owner", "bench@example.com", "--purpose", "benchmark"]
        models = [word for model in self._models for word in ("--model", model)]
        answer = self._run("agent", "enroll", "bench", *owner, *models, "--json")
        self.add_provider("mock", provider_url, *served)
        self._run("price", "set", "gpt-*", "--input", "0.15", "--output", "0.60")
        for limit in _LIMITS:
            self._run("limit", "set", *limit)
        return msgspec.json.decode(answer, type=_Enrolled).key

    def add_provider(self, name: str, url: str, *served: str) -> None:
        """Add a provider for some models, or for all."""
        models = [word for model in served for word in ("--model", model)]
        key_file = ["--key-file", "-", "--base-url", url]
        self._run("provider", "add", name, *key_file, *models, typed="sk-provider")

    def verified_entries(self) -> int:
        """Export the book of a Gatebook that has ended and verify it; how many entries it holds.

        Raises Unavailable unless the verifier finds nothing wrong and nothing missing.
        """
        target = self._folder / "export"
        exported = self._run("log", "export", str(target), "--json")
        self._run("verify", str(target))
        return msgspec.json.decode(exported, type=_Exported).entries

    def _run(self, *words: str, typed: str = "") -> str:
        done = subprocess.run(
            self.command(*words),
            env=fresh_environment(self._folder),
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMAND_SECONDS,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-200:]
            raise Unavailable("command_failed", f"gatebook {words[0]} {words[1]}: {said}")
        return done.stdout
