"""What a stop names is found by name or id, and what is not clear is known to be so."""

import pytest
from msgspec.structs import replace

from gatebook.control.stoppable import Subject, subjects
from gatebook.identity.directory import StopKind
from tests.decisions import ACME, ALL, MAILER, OTHER
from tests.simulators.records import MemoryRecords

TWIN = replace(MAILER, id="agt_2", organization_id="org_2")
ROWS = MemoryRecords(*ALL, OTHER, TWIN)


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [
        ("organization", "acme", "org_1"),
        ("organization", "org_1", "org_1"),
        ("workspace", "main", "wsp_1"),
        ("workspace", "wsp_1", "wsp_1"),
        ("provider", "openai", "prv_1"),
        ("provider", "prv_1", "prv_1"),
        ("agent", "agt_1", "agt_1"),
        ("quarantine", "agt_1", "agt_1"),
    ],
)
def test_a_thing_is_found_by_its_name_and_by_its_id(kind: StopKind, name: str, found: str) -> None:
    assert subjects(ROWS, kind, name, "") == [Subject(ACME, found)]


@pytest.mark.parametrize("kind", ["organization", "workspace", "provider", "agent", "quarantine"])
def test_what_is_not_there_is_not_found(kind: StopKind) -> None:
    assert subjects(ROWS, kind, "nobody", "") == []


def test_of_two_with_one_name_the_organization_tells_which() -> None:
    assert subjects(ROWS, "agent", "mailer", "") == [
        Subject(ACME, "agt_1"),
        Subject(OTHER, "agt_2"),
    ]
    assert subjects(ROWS, "agent", "mailer", "other") == [Subject(OTHER, "agt_2")]
    assert subjects(ROWS, "agent", "mailer", "org_1") == [Subject(ACME, "agt_1")]
    assert subjects(ROWS, "agent", "mailer", "umbrella") == []


def test_models_are_stopped_everywhere_or_in_one_organization() -> None:
    assert subjects(ROWS, "model", "gpt-*", "") == [Subject(None, "gpt-*")]
    assert subjects(ROWS, "model", "gpt-*", "acme") == [Subject(ACME, "gpt-*")]
    assert subjects(ROWS, "model", "gpt-*", "umbrella") == []


@pytest.mark.parametrize("kind", ["platform", "drill"])
def test_everything_and_nobody_need_no_name(kind: StopKind) -> None:
    assert subjects(ROWS, kind, "", "") == [Subject(None, "")]
