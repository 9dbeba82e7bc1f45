"""What the page on watching says of spans, lines and checks is what the program says of itself."""

import json
import re

from gatebook.gateway import access, conventions, readiness
from tests.architecture.program import ROOT

PAGE = (ROOT / "docs" / "how-to" / "watch.md").read_text()


def source(module: object) -> str:
    """The text of a module."""
    return (ROOT / "src" / f"{str(vars(module)['__name__']).replace('.', '/')}.py").read_text()


def section(title: str) -> str:
    """The part of the page under a heading."""
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def first_cells(title: str) -> set[str]:
    """What stands in code in the first cells of a section's tables."""
    rows = re.findall(r"^\| (.+?) \|", section(title), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_the_attributes_of_spans_are_those_listed() -> None:
    named = re.findall(r'"((?:gen_ai|http|server|error|gatebook)\.[a-z_.]+)"', source(conventions))
    assert first_cells("Traces") == {*named}


def test_the_version_of_the_conventions_is_the_one_that_spans_name() -> None:
    assert f"`{conventions.SCHEMA_URL.partition('schemas/')[2]}`" in section("Traces")


def test_the_checks_are_those_listed() -> None:
    named = re.findall(r'^        "(\w+)": ', source(readiness), re.MULTILINE)
    assert first_cells("Is it there, does it take calls") == {*named}


def test_a_line_of_a_call_has_the_members_shown() -> None:
    (shown,) = re.findall(r"```json\n(.+)\n```", section("Logs"))
    named = re.findall(r'"(\w+)"(?:: |\] = )', source(access).partition("def tell")[2])
    words = {"time", "level", "process", "logger", "message"}
    assert json.loads(shown).keys() == {*named} - {"facts"} | words
