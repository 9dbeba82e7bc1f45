"""Runs the transcripts beside this file: each command as typed, its output as it has to be.

$ gatebook agent show <agent>      words after the dollar sign go to a shell
key id   <key>                     <word> stands for anything without spaces; the same word
                                   later means the same text, in commands too
...                                any number of lines
[exit 2]                           the exit code, unless it is 0
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("*.txt"))
PLACEHOLDER = re.compile(r"<([a-z_]+)>")


class Step(NamedTuple):
    """A command and the lines it has to print."""

    command: str
    expected: list[str]


def steps(text: str) -> Iterator[Step]:
    """The steps of a transcript; what stands before the first one is said to the reader."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *expected = part.rstrip("\n").split("\n")
        while expected and not expected[-1]:
            expected.pop()
        yield Step(command, expected)


def pattern(expected: list[str], known: dict[str, str]) -> re.Pattern[str]:
    """Matches the whole output; names of new placeholders become groups."""
    seen: set[str] = set()

    def placeholder(match: re.Match[str]) -> str:
        name = match[1]
        if name in known:
            return re.escape(known[name])
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return rf"(?P<{name}>\S+?)"

    lines = []
    for line in expected:
        if line == "...":
            lines.append(r"(?:.*\n)*?")
            continue
        parts = re.split(r"(<[a-z_]+>)", line)
        literal = [
            placeholder(found) if (found := PLACEHOLDER.fullmatch(part)) else re.escape(part)
            for part in parts
        ]
        lines.append("".join(literal) + r"[ ]*\n")
    return re.compile("".join(lines))


def filled(command: str, known: dict[str, str]) -> str:
    """The command with what is known in place of its placeholders."""
    return PLACEHOLDER.sub(lambda match: known.get(match[1], match[0]), command)


def run(command: str, folder: Path) -> str:
    """What a command prints, and how it ends."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={
            # The program under test is that of this process, wherever it finds it.
            **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
            "PATH": path,
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "COLUMNS": "100",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    ending = f"[exit {done.returncode}]\n" if done.returncode else ""
    output = done.stdout if done.stdout.endswith("\n") or not done.stdout else f"{done.stdout}\n"
    return output + ending


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_transcript_is_true(script: Path, tmp_path: Path) -> None:
    known: dict[str, str] = {}
    for step in steps(script.read_text("utf-8")):
        command = filled(step.command, known)
        printed = run(command, tmp_path)
        match = pattern(step.expected, known).fullmatch(printed)
        assert match, f"$ {command}\n{printed}"
        known |= match.groupdict()
