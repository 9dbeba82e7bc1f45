"""What all commands have in common."""

import msgspec
import pytest

from gatebook.app.config import describe
from gatebook.app.folders import command_kinds
from gatebook.control.command import Command, InOrganization, Need
from gatebook.core.errors import Invalid, NotFound
from tests.decisions import ACME, OTHER, context_of
from tests.simulators.records import MemoryRecords

KINDS = command_kinds()
each_command = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


class Nothing(InOrganization, frozen=True, kw_only=True):
    """Does nothing, within an organization."""


def test_no_two_commands_share_a_place_on_the_command_line() -> None:
    verbs = [kind.verb for kind in KINDS.values()]
    assert len(verbs) == len(set(verbs))


@each_command
def test_a_command_says_all_that_is_said_about_it(kind: type[Command]) -> None:
    about, _, verb = kind.verb.partition(" ")
    assert about
    assert verb
    assert " " not in verb
    assert kind.says.endswith(".")
    for field in msgspec.structs.fields(kind):
        assert describe(field.type), f"{kind.__name__}.{field.name} is not described"
    assert kind.subject in ("", *kind.__struct_fields__)
    assert all(example.startswith(kind.verb) for example in kind.examples)
    assert kind.examples


@each_command
def test_a_command_is_named_after_its_file(kind: type[Command]) -> None:
    assert KINDS[kind.command_id()] is kind


def test_the_only_organization_need_not_be_named() -> None:
    assert Nothing().within(MemoryRecords(ACME)) == ACME
    assert Nothing().needs(MemoryRecords(ACME)) is None


def test_one_of_several_organizations_has_to_be_named() -> None:
    both = MemoryRecords(ACME, OTHER)
    with pytest.raises(Invalid, match="acme, other"):
        Nothing().within(both)
    assert Nothing(organization="other").within(both) == OTHER


def test_an_organization_that_is_named_has_to_exist() -> None:
    with pytest.raises(NotFound):
        Nothing(organization="umbrella").within(MemoryRecords(ACME))
    assert Nothing(organization="umbrella").needs(MemoryRecords()) is None


def test_a_fresh_installation_needs_the_default_organization() -> None:
    assert Nothing().needs(MemoryRecords()) == Need("create_organization", {"slug": "default"})


def test_what_acts_within_an_organization_cannot_act_without() -> None:
    with pytest.raises(Invalid):
        _ = context_of(MemoryRecords(), None).organization_id
