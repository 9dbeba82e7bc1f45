"""A new provider, and what becomes of its credential."""

from typing import Any

import pytest

from gatebook.core.errors import Conflict, Invalid
from gatebook.core.secret import Secret
from gatebook.identity.directory import Provider, credential_cell
from gatebook.providers import COMPATIBLE
from tests.decisions import DATA_KEY, decide

CANARY = "sk-canary-4711"


def added(**values: Any) -> Provider:
    (provider,) = decide("add_provider", **{"provider": "new", "key": None, **values}).saves
    assert isinstance(provider, Provider)
    return provider


def test_the_credential_is_sealed_for_this_provider() -> None:
    provider = added(key=Secret(CANARY))
    assert provider.credential is not None
    assert DATA_KEY.unseal(provider.credential, credential_cell(provider.id)) == CANARY.encode()
    assert provider.data_key == DATA_KEY.id


def test_nothing_the_command_gives_away_shows_the_credential() -> None:
    assert CANARY not in repr(decide("add_provider", provider="new", key=Secret(CANARY)))


def test_a_provider_may_need_no_credential_but_has_to_say_so() -> None:
    assert added().credential is None
    with pytest.raises(Invalid, match="key"):
        decide("add_provider", provider="new")


@pytest.mark.parametrize(
    "given",
    [
        "https://api.openai.com/v1",
        "https://openrouter.ai/api/v1",
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        "https://llm.example",
    ],
)
def test_an_address_is_kept_as_sdks_take_it(given: str) -> None:
    assert added(base_url=given).base_url == given


def test_where_none_is_given_the_name_tells_the_address_and_then_the_dialect() -> None:
    assert added().base_url == "https://api.openai.com/v1"
    assert added(provider="groq").base_url == "https://api.groq.com/openai/v1"
    assert added(provider="groq", base_url="https://llm.example").base_url == "https://llm.example"
    with pytest.raises(Invalid):
        added(provider="groq", dialect="azure")  # the name is known for another dialect


@pytest.mark.parametrize("name", sorted(COMPATIBLE))
def test_every_address_that_is_known_may_be_called(name: str) -> None:
    assert added(provider=name).base_url == COMPATIBLE[name]


def test_a_dialect_whose_addresses_differ_wants_one() -> None:
    with pytest.raises(Invalid) as caught:
        added(dialect="azure")
    assert caught.value.code == "base_url_missing"
    assert added(dialect="azure", base_url="https://mine.openai.azure.com").dialect == "azure"


def test_an_address_that_calls_may_not_go_to_is_refused() -> None:
    with pytest.raises(Invalid):
        added(base_url="http://example.com/v1")
    assert added(base_url="http://example.com/v1", plain_http=True).base_url


def test_a_dialect_nobody_speaks_is_refused() -> None:
    with pytest.raises(Invalid, match="klingon"):
        added(dialect="klingon")


def test_where_it_is_and_what_may_be_sent_there_is_kept() -> None:
    assert (added().region, added().data_classes) == ("", ("*",))
    provider = added(region="eu-central-1", data_class=["public", "internal"])
    assert (provider.region, provider.data_classes) == ("eu-central-1", ("public", "internal"))


@pytest.mark.parametrize("values", [{"region": "eu *"}, {"data_class": []}])
def test_a_region_is_a_name_and_something_may_be_sent(values: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        added(**values)


def test_a_name_is_used_once() -> None:
    with pytest.raises(Conflict):
        added(provider="openai")
