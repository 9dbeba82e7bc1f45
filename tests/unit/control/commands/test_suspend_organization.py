"""A suspended organization keeps all it has, and its agents do nothing."""

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Conflict
from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY
from gatebook.ledger.events.organization import OrganizationSuspended
from tests.decisions import ACME, ALL, OTHER, decide
from tests.simulators.records import MemoryRecords


def test_nothing_changes_but_its_status() -> None:
    records = MemoryRecords(*ALL, OTHER, replace(ACME, status="active"))
    outcome = decide("suspend_organization", records, organization="acme")
    assert outcome.saves == (replace(ACME, status="suspended"),)
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, OrganizationSuspended)
    assert event.object == ACME.id


def test_not_twice() -> None:
    records = MemoryRecords(*ALL, replace(ACME, status="suspended"))
    with pytest.raises(Conflict) as caught:
        decide("suspend_organization", records, organization="acme")
    assert caught.value.code == "organization_suspended_before"
