"""A new person."""

import pytest

from gatebook.core.errors import Conflict
from gatebook.identity.directory import Person
from tests.decisions import decide


def test_an_address_is_kept_in_one_spelling() -> None:
    (person,) = decide("register_person", email="Bob@Example.COM", name="Bob").saves
    assert isinstance(person, Person)
    assert (person.email, person.name) == ("bob@example.com", "Bob")


def test_one_address_is_one_person() -> None:
    with pytest.raises(Conflict):
        decide("register_person", email="ALICE@example.com")


def test_the_event_names_the_person_by_id_only() -> None:
    outcome = decide("register_person", email="bob@example.com")
    assert "bob" not in repr(outcome.event)
