"""A provider's credential is replaced."""

import pytest

from gatebook.core.errors import Invalid, NotFound
from gatebook.core.secret import Secret
from gatebook.identity.directory import Provider, credential_cell
from tests.decisions import DATA_KEY, OPENAI, decide


def test_the_new_credential_takes_the_place_of_the_old_one() -> None:
    (provider,) = decide("rekey_provider", provider="openai", key=Secret("sk-new")).saves
    assert isinstance(provider, Provider)
    assert provider.credential is not None
    assert DATA_KEY.unseal(provider.credential, credential_cell(OPENAI.id)) == b"sk-new"
    assert (provider.id, provider.base_url) == (OPENAI.id, OPENAI.base_url)


def test_a_credential_is_required_and_the_provider_has_to_exist() -> None:
    with pytest.raises(Invalid):
        decide("rekey_provider", provider="openai", key=None)
    with pytest.raises(NotFound):
        decide("rekey_provider", provider="nobody", key=Secret("sk"))
