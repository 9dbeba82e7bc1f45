"""Peers into `.bench/peers/`: pinned by hash, in folders of their own, installed once.

What the system has to bring (nginx, wrk, node) is not installed here: the row is skipped, and the
reason names the command.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from bench.figures import Skipped

_PINS = Path(__file__).parent / "peers"
_INSTALL_SECONDS = 1200
_REASON_LENGTH = 300
_ERRORS = ("ERROR:", "npm ERR!", "npm error")
_HOW = {
    "nginx": "nginx is not installed: apt-get install nginx-light",
    "wrk": "wrk is not installed: apt-get install wrk",
    "npm": "node and npm are not installed: apt-get install nodejs npm",
}


def missing(*tools: str) -> Skipped | None:
    """The first of these system tools that is not there, with the command that brings it."""
    return next((Skipped(_HOW[tool]) for tool in tools if shutil.which(tool) is None), None)


def versions() -> dict[str, str]:
    """The versions the peers are pinned to."""
    pinned = (_PINS / "litellm" / "requirements.in").read_text().strip()
    package = json.loads((_PINS / "portkey" / "package.json").read_text())
    return {
        "litellm": pinned.partition("==")[2],
        "portkey": package["dependencies"]["@portkey-ai/gateway"],
    }


def litellm(peers: Path) -> Path | Skipped:
    """The folder of a virtual environment that holds the LiteLLM proxy."""
    return environment(peers / "litellm", _PINS / "litellm" / "requirements.txt")


def environment(folder: Path, pins: Path) -> Path | Skipped:
    """The folder of a virtual environment with what is pinned in a file, by hash."""
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    return _install(
        folder,
        [pins],
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [*pip, "--only-binary=:all:", "--require-hashes", "-r", str(pins)],
    )


def portkey(peers: Path) -> Path | Skipped:
    """The folder that holds the Portkey gateway and its packages."""
    return packages(peers / "portkey", _PINS / "portkey")


def packages(folder: Path, pins: Path) -> Path | Skipped:
    """The folder with the packages of npm that are pinned in another; no install script is run."""
    if lacking := missing("npm"):
        return lacking
    files = [pins / name for name in ("package.json", "package-lock.json")]
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, folder)
    npm = ["npm", "ci", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
    return _install(folder, files, npm)


def decisive(said: str) -> str:
    """What pip or npm says is wrong: from its first line about an error on, else its last line."""
    lines = [line.strip() for line in said.strip().splitlines()]
    errors = (number for number, line in enumerate(lines) if line.startswith(_ERRORS))
    return " ".join(lines[next(errors, -1) :])[:_REASON_LENGTH]


def _install(folder: Path, pins: list[Path], *commands: list[str]) -> Path | Skipped:
    """Run the commands unless they were run for exactly these pins before."""
    stamp = folder / "installed"
    wanted = hashlib.sha256(b"".join(pin.read_bytes() for pin in pins)).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder
    print(f"  installing {folder.name} (once) ...", flush=True)
    for command in commands:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS
            )
        except subprocess.TimeoutExpired:
            return Skipped(f"not installed: no end of it after {_INSTALL_SECONDS} seconds")
        if done.returncode:
            reason = decisive(done.stderr or done.stdout)
            return Skipped(f"not installed: {Path(command[0]).name}: {reason}")
    stamp.write_text(wanted)
    return folder
