"""Make `.venv` and put a pinned uv into it; `make` then installs what uv.lock lists.

Runs on the bare interpreter, so it uses the standard library only, and syntax that an interpreter
too old for Gatebook can still read, because that one has to be told so.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

NEEDED = (3, 11)
VENV = Path(".venv")


def main() -> int:
    """Set up, and say what to do next when that is not possible."""
    if sys.version_info < NEEDED:
        print(too_old(sys.executable, sys.version_info[:2]))
        return 1
    try:
        create()
        install_uv()
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on.")
        return 130
    except subprocess.CalledProcessError as failure:
        print(next_step(failure.cmd))
        return 1
    os.utime(str(VENV / "bin" / "uv"))  # newer than what it is made from, so make is content
    return 0


def too_old(executable: str, version: "tuple[int, ...]") -> str:
    """What to tell somebody whose interpreter is too old."""
    return (
        "Gatebook needs Python {}.{} or newer; {} is {}.{}.\n"
        "Install a newer one (python.org, your distribution, or pyenv) and name it:\n"
        "    make demo PYTHON=/path/to/python3"
    ).format(*NEEDED, executable, *version)


def next_step(command: "list[str]") -> str:
    """What to try when a command failed; its own message stands above."""
    if "venv" in command:
        return (
            "The virtual environment could not be made.\n"
            "On Debian and Ubuntu: apt install python3-venv (or name another Python: PYTHON=...)."
        )
    return (
        "uv could not be installed from PyPI.\n"
        "Check the network; behind a proxy or a mirror, set what pip reads (PIP_INDEX_URL, ...)."
    )


def create() -> None:
    """Make the virtual environment, or make it anew when its interpreter has gone."""
    print("Preparing .venv with Python {}.{}.{}".format(*sys.version_info[:3]), flush=True)
    clear = ["--clear"] if VENV.is_dir() and not runs(VENV / "bin" / "python") else []
    run([sys.executable, "-m", "venv", *clear, str(VENV)])


def runs(python: Path) -> bool:
    """Whether this interpreter starts at all."""
    try:
        return subprocess.run([str(python), "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def install_uv() -> None:
    """Install the pinned uv, held against the hashes in tools/uv.txt."""
    print("Installing uv from PyPI", flush=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    options = ["--disable-pip-version-check", "--no-cache-dir", "--require-hashes"]
    run([*pip, *options, "--requirement", "tools/uv.txt"])


def run(command: "list[str]") -> None:
    """Run to the end, out of reach of Ctrl-C, which is for us to answer, in one line."""
    process = subprocess.Popen(command, start_new_session=True)
    try:
        status = process.wait()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    if status:
        raise subprocess.CalledProcessError(status, command)


if __name__ == "__main__":
    sys.exit(main())
