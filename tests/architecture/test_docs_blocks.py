"""What the documents say is true: links lead somewhere, marked blocks run, prose has its form.

A block runs when the line before it is `<!-- test -->`. In `python` it has to end well; in
`console`, lines after a `$ command` are its output, and `...` stands for anything.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from gatebook.cli.main import gatebook
from tests.architecture.program import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PAGES += sorted((ROOT / "deploy").rglob("*.md"))
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]

_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARKED = re.compile(r"^<!-- test -->\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TWO_SENTENCES = re.compile(r"[a-z)`]\. [A-Z]")
_NO_PROSE = re.compile(r"\s*(\||[-*] |\d+\. )")  # rows of tables, items of lists


class Step(NamedTuple):
    """One command and what it prints."""

    command: str
    expected: str


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    broken = [target for target in links(page) if not leads_somewhere(page, target)]
    assert broken == []


@pytest.mark.parametrize("name", NAMES)
def test_prose_has_one_sentence_a_line(name: str) -> None:
    prose = _FENCE.sub("", (ROOT / name).read_text())
    lines = [line for line in prose.splitlines() if not _NO_PROSE.match(line)]
    assert [line for line in lines if _TWO_SENTENCES.search(line)] == []


@pytest.mark.parametrize("name", [n for n in NAMES if _MARKED.search((ROOT / n).read_text())])
def test_marked_blocks_run(name: str, tmp_path: Path) -> None:
    """The blocks of a page run in order, in one empty folder."""
    for language, text in _MARKED.findall((ROOT / name).read_text()):
        if language == "python":
            ran = run([sys.executable, "-"], tmp_path, text)
            assert ran.returncode == 0, ran.stderr
        else:
            for step in steps(text):
                ran = run(["sh", "-c", step.command], tmp_path)
                assert matches(ran.stdout + ran.stderr, step.expected), ran.stdout + ran.stderr


@pytest.mark.parametrize("name", NAMES)
def test_commands_in_blocks_exist_with_their_options(name: str) -> None:
    for _, text in _FENCE.findall((ROOT / name).read_text()):
        for words in commands(text):
            assert understood(gatebook, words) is None, " ".join(words)


def commands(text: str) -> Iterator[list[str]]:
    """The words after `gatebook` in every line of a block that calls it."""
    for line in text.replace("\\\n", " ").splitlines():
        found = re.match(r"(?:\$ )?(?:\w+=\S+ )*(?:\.venv/bin/)?gatebook( .*|)$", line)
        if found:
            yield shlex.split(re.split(r" [|#>]", found[1])[0], comments=True)


def understood(command: click.Command, words: list[str]) -> str | None:
    """What the program would say to these words; None if it takes them."""
    context = click.Context(command, info_name=command.name, **command.context_settings)
    while True:
        try:
            options, rest, _ = command.make_parser(context).parse_args(list(words))
        except click.UsageError as error:
            return error.format_message()
        if not isinstance(command, click.Group) or not rest or options.get("help"):
            return None
        found = command.get_command(context, rest[0])
        if found is None:
            return f"no command {rest[0]}"
        command, words = found, rest[1:]
        context = click.Context(command, context, found.name)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("gatebook agent enroll --owner a@example.com", None),
        ("gatebook --data .run config show --origin | head", None),
        ("gatebook agent hire", "no command hire"),
        ("gatebook config show --orgin", "No such option"),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(line: str, answer: str | None) -> None:
    (words,) = commands(line)
    said = understood(gatebook, words)
    assert (said is None) if answer is None else (said is not None and answer in said)


def links(page: Path) -> list[str]:
    """Where the links of a page point to, without those to other sites."""
    targets = _LINK.findall(_FENCE.sub("", page.read_text()))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether file and heading of a link exist."""
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists():
        return False
    return not anchor or anchor in {slug(heading) for heading in headings(file)}


def headings(page: Path) -> list[str]:
    """The headings of a page."""
    return _HEADING.findall(_FENCE.sub("", page.read_text()))


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def steps(text: str) -> Iterator[Step]:
    """The commands of a console block, each with the output below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield Step(command, expected)


def matches(output: str, expected: str) -> bool:
    """Whether output is as expected, where `...` stands for anything."""
    pattern = ".*".join(map(re.escape, expected.strip().split("...")))
    return re.fullmatch(pattern, output.strip(), re.DOTALL) is not None


def run(command: list[str], folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run in a folder, with the project's commands first on the path and no settings of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEBOOK")}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]])
    environment = kept | {"PATH": path, "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("output", "expected", "same"),
    [
        ("one\ntwo\n", "one\ntwo", True),
        ("one 0.3 s\n", "one ... s", True),
        ("one\ntwo\n", "one", False),
        ("a.b", "a...", True),
        ("axb", "a.b", False),
    ],
)
def test_output_is_compared_but_for_what_is_left_open(
    output: str, expected: str, same: bool
) -> None:
    assert matches(output, expected) is same
