"""A new organization."""

import pytest

from gatebook.core.errors import Conflict
from gatebook.identity.directory import Organization
from tests.decisions import decide


def test_it_is_stored_under_a_slug_of_its_own() -> None:
    outcome = decide("create_organization", slug="umbrella", name="Umbrella Ltd")
    (organization,) = outcome.saves
    assert isinstance(organization, Organization)
    assert (organization.slug, organization.name) == ("umbrella", "Umbrella Ltd")
    assert outcome.answer["id"] == organization.id


@pytest.mark.parametrize("slug", ["acme", "platform"])
def test_a_slug_names_one_log_for_ever(slug: str) -> None:
    with pytest.raises(Conflict):
        decide("create_organization", slug=slug)
