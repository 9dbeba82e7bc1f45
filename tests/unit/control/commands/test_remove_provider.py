"""A provider is removed."""

import pytest

from gatebook.core.errors import NotFound
from tests.decisions import OPENAI, decide


def test_its_row_goes_with_the_credential() -> None:
    outcome = decide("remove_provider", provider="openai")
    assert (outcome.removes, outcome.saves) == ((OPENAI,), ())


def test_it_has_to_exist() -> None:
    with pytest.raises(NotFound):
        decide("remove_provider", provider="nobody")
