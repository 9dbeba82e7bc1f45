"""Only what was suspended is resumed, for a reason."""

import pytest
from msgspec.structs import replace

from gatebook.control.commands.resume_organization import ResumeOrganization
from gatebook.core.errors import Conflict
from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY
from gatebook.ledger.events.organization import OrganizationResumed
from tests.decisions import ACME, ALL, OTHER, decide
from tests.simulators.records import MemoryRecords


def test_nothing_changes_but_its_status() -> None:
    records = MemoryRecords(*ALL, OTHER, replace(ACME, status="suspended"))
    outcome = decide("resume_organization", records, organization="acme")
    assert outcome.saves == (replace(ACME, status="active"),)
    event = outcome.event(actor=EXAMPLE_ACTOR, body=EXAMPLE_BODY)
    assert isinstance(event, OrganizationResumed)
    assert event.object == ACME.id


def test_not_twice() -> None:
    records = MemoryRecords(*ALL, replace(ACME, status="active"))
    with pytest.raises(Conflict) as caught:
        decide("resume_organization", records, organization="acme")
    assert caught.value.code == "organization_not_suspended"


def test_it_needs_a_reason() -> None:
    assert ResumeOrganization.needs_reason
