"""Every dependency has its reason in writing, and none has a licence that we could not ship."""

import re
import tomllib
from importlib.metadata import files, metadata, requires

import pytest
from packaging.requirements import Requirement

from tests.architecture.program import ROOT

PAGE = (ROOT / "docs" / "explanation" / "dependencies.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
DIRECT = [Requirement(line).name for line in PROJECT["project"]["dependencies"]]
TRACING = [Requirement(line).name for line in EXTRAS["otel"]]
OTHERS = [
    Requirement(line).name
    for line in EXTRAS["demo"] + EXTRAS["otel"] + PROJECT["dependency-groups"]["dev"]
]

# By the name of their import where it differs.
MODULES = {
    "google-re2": "re2",
    "pynacl": "nacl",
    "opentelemetry-exporter-otlp-proto-http": r"opentelemetry\.exporter\.otlp\.proto\.http",
    "opentelemetry-sdk": r"opentelemetry\.sdk",
}

# As package metadata writes them. Strong copyleft is not among them; LGPL is for psycopg alone.
PERMITTED = re.compile(r"MIT|BSD|Apache|PSF-2\.0|MPL-2\.0")
LGPL = {"psycopg", "psycopg-binary"}


def closure(lines: list[str]) -> list[str]:
    """Everything that is installed with these, on this platform."""
    found: dict[str, None] = {}
    waiting = [Requirement(line) for line in lines]
    while waiting:
        requirement = waiting.pop()
        if requirement.name.lower() in found:
            continue
        found[requirement.name.lower()] = None
        for line in requires(requirement.name) or []:
            needed = Requirement(line)
            extras = requirement.extras or {""}
            if not needed.marker or any(needed.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(needed)
    return sorted(found)


ALWAYS = closure(PROJECT["project"]["dependencies"])
TRACED = closure(EXTRAS["otel"])


@pytest.mark.parametrize("name", DIRECT)
def test_every_direct_dependency_has_its_row(name: str) -> None:
    assert re.search(rf"^\| `{name}(\[\w+\])?` \| [\d.]+, \d{{4}}-\d\d-\d\d \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", DIRECT + TRACING)
def test_a_dependency_is_imported_somewhere(name: str) -> None:
    module = MODULES.get(name, name)
    imported = rf"^\s*(import|from) {module}\b"
    sources = [path.read_text() for path in (ROOT / "src").rglob("*.py")]
    assert any(re.search(imported, text, re.MULTILINE) for text in sources)


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_dependency_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", sorted({*ALWAYS, *TRACED}))
def test_what_comes_along_is_named_and_has_a_licence_we_may_ship(name: str) -> None:
    said = licence(name)
    assert f"`{name.replace('_', '-')}" in PAGE
    if name in LGPL:
        assert said.startswith("LGPL-3.0-only")
    else:
        assert PERMITTED.search(said)
        assert "GPL" not in said


def licence(name: str) -> str:
    """What a package's metadata says of its licence, or the head of the licence file it names."""
    facts = metadata(name)
    classified = [line for line in facts.get_all("Classifier") or [] if "License ::" in line]
    said = " ".join([facts["License-Expression"] or facts["License"] or "", *classified])
    texts = [file.read_text() for file in files(name) or [] if file.name == "LICENSE"]
    return said.strip() or " ".join(texts)[:200]


def test_the_page_counts_right() -> None:
    assert len(DIRECT) == 15
    assert len(ALWAYS) == 25
    assert len({*TRACED} - {*ALWAYS}) == 15
