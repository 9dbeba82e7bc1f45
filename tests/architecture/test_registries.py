"""One thing, one file: every folder of like things keeps its rules, and events keep their word."""

import ast
import re
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest

from gatebook.app.config import tables
from gatebook.core.json_profile import check, encode, is_canonical
from gatebook.core.registry import classes, summary
from gatebook.ledger import events
from gatebook.ledger.events import Change, Event
from tests.architecture.program import ROOT, python_files

GOLDEN = ROOT / "vectors" / "events"
KINDS = [kind for kind in classes(events, Event) if kind is not Change]
each_event = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)

PAST = re.compile(r"^[a-z]+(_[a-z]+)?\.([a-z]+(ed|en)|set)(_[a-z]+)?$")


def golden(kind: type[Event]) -> Path:
    """The file that fixes what an event looks like to others."""
    return GOLDEN / f"{kind.name}.json"


def test_folders_of_like_things_are_read_in_one_place_and_by_the_verifier() -> None:
    """Everybody else is handed what was found; the verifier imports nothing that could hand it."""
    readers = {
        path
        for path, tree in python_files("src").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "gatebook.core.registry"
        if {alias.name for alias in node.names} - {"summary"}
    }
    assert readers == {"src/gatebook/app/folders.py", "src/gatebook/cli/verify.py"}


def test_no_two_events_share_a_name() -> None:
    names = [kind.name for kind in KINDS]
    assert len(names) == len(set(names))


@each_event
def test_an_event_is_named_subject_dot_action_in_the_past_tense(kind: type[Event]) -> None:
    assert PAST.match(kind.name)


@each_event
def test_an_event_says_all_that_is_said_about_it(kind: type[Event]) -> None:
    assert summary(kind).endswith(".")
    assert summary(kind.example)
    assert kind.ocsf_class
    assert kind.controls
    for hint in get_type_hints(kind, include_extras=True).values():
        if hasattr(hint, "__metadata__"):
            assert hint.__metadata__[0].description


@each_event
def test_the_example_of_an_event_is_its_golden_json(kind: type[Event]) -> None:
    """A change here changes what verifiers, exports and auditors read: make it on purpose."""
    line = encode(kind.example())
    assert golden(kind).read_bytes() == line + b"\n"
    assert msgspec.json.decode(line, type=kind, strict=True) == kind.example()


@each_event
def test_the_golden_json_of_an_event_lies_within_the_profile(kind: type[Event]) -> None:
    line = golden(kind).read_bytes().rstrip(b"\n")
    check(msgspec.json.decode(line))
    assert is_canonical(line)


@pytest.mark.parametrize(("table", "kind"), tables().items())
def test_a_table_of_settings_is_small_and_every_setting_explains_itself(
    table: str, kind: type[msgspec.Struct]
) -> None:
    fields = msgspec.structs.fields(kind)
    hints = get_type_hints(kind, include_extras=True)
    assert len(fields) <= 15, table
    for field in fields:
        assert not field.required, field.name
        assert hints[field.name].__metadata__[0].description.endswith("."), field.name


def test_every_settings_module_has_its_table() -> None:
    source = ROOT / "src/gatebook"
    modules = {path.relative_to(source).with_suffix("") for path in source.rglob("settings.py")}
    composed = {Path(*kind.__module__.split(".")[1:]) for kind in tables().values()}
    assert composed == modules


def test_no_golden_json_is_without_its_event() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == {kind.name for kind in KINDS}
