"""A guard rule is removed by its id, within its organization only."""

import pytest
from msgspec.structs import replace

from gatebook.core.errors import NotFound
from tests.decisions import ALL, OTHER, decide
from tests.simulators.records import MemoryRecords
from tests.unit.control.commands.test_set_guard_rule import ruled


def test_the_row_goes() -> None:
    rule = ruled("secret=block", agent="mailer", direction="request")
    outcome = decide("remove_guard_rule", MemoryRecords(*ALL, rule), id=rule.id)
    assert outcome.removes == (rule,)
    assert outcome.answer == {
        "rule": "secret=block in requests",
        "subject": "agent",
        "id": rule.id,
    }


def test_another_organizations_rule_is_not_there() -> None:
    rule = replace(ruled("secret=block"), organization_id=OTHER.id)
    with pytest.raises(NotFound, match=rule.id):
        decide("remove_guard_rule", MemoryRecords(*ALL, rule), id=rule.id)
