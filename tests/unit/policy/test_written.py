"""What a digest stands for, and how a scope reads."""

import msgspec
import pytest
from msgspec.structs import asdict, replace

from gatebook.control.scoping import STANDARD
from gatebook.core.json_profile import is_canonical
from gatebook.identity.directory import Scope
from gatebook.policy.written import (
    digest_of,
    in_words,
    joined,
    parted,
    providers_text,
    scope_text,
)
from tests.decisions import OPENAI, SCOPE

OTHER = {
    "models": ("o4-*",),
    "providers": ("azure",),
    "operations": ("chat.completions",),
    "regions": ("eu-*",),
    "data_classes": ("public",),
    "hosted_tools": ("web_search",),
    "state": True,
    "max_tokens": 4096,
    "sources": ("10.0.0.0/8",),
    "hours": ("mon-fri 08:00-18:00 UTC",),
    "expires_at": 1_900_000_000_000_000,
}


def test_every_dimension_of_a_scope_is_in_its_text() -> None:
    assert set(OTHER) == {field.name for field in msgspec.structs.fields(Scope)}
    assert set(msgspec.json.decode(scope_text(SCOPE))) == set(OTHER)


@pytest.mark.parametrize("dimension", OTHER)
def test_the_digest_follows_every_dimension(dimension: str) -> None:
    changed = replace(SCOPE, **{dimension: OTHER[dimension]})
    assert digest_of(scope_text(changed)) != digest_of(scope_text(SCOPE))


def test_the_order_of_a_list_makes_no_other_scope() -> None:
    one, two = replace(SCOPE, models=("a", "b")), replace(SCOPE, models=("b", "a", "b"))
    assert scope_text(one) == scope_text(two)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "prv_2"},
        {"name": "other"},
        {"dialect": "anthropic"},
        {"base_url": "https://llm.example"},
        {"models": ("gpt-*",)},
        {"region": "eu-1"},
        {"data_classes": ("public",)},
    ],
)
def test_the_digest_follows_all_of_a_provider_that_decides(changed: dict[str, object]) -> None:
    assert providers_text([replace(OPENAI, **changed)]) != providers_text([OPENAI])


def test_the_order_of_providers_is_a_part_of_the_policy() -> None:
    other = replace(OPENAI, id="prv_2", name="other")
    assert providers_text([OPENAI, other]) != providers_text([other, OPENAI])


def test_the_texts_lie_within_the_profile_of_what_is_signed() -> None:
    assert is_canonical(scope_text(replace(SCOPE, **OTHER)))
    assert is_canonical(providers_text([OPENAI]))


def test_no_secret_of_a_provider_is_in_a_text() -> None:
    with_key = replace(OPENAI, credential=b"sealed", data_key="dek_1")
    assert providers_text([with_key]) == providers_text([OPENAI])


def test_a_policy_names_both_of_its_texts() -> None:
    one, two = digest_of(b"one"), digest_of(b"two")
    assert parted(joined(one, two)) == (one, two)
    assert parted("qk5m0Qd1GmB7w6Hf") == ("qk5m0Qd1GmB7w6Hf", "")


def test_a_scope_reads_as_it_is_written() -> None:
    assert in_words(asdict(STANDARD)) == {
        "models": "none",
        "providers": "*",
        "operations": "*",
        "regions": "*",
        "data_classes": "*",
        "hosted_tools": "none",
        "state": "refused",
        "max_tokens": "any",
        "sources": "any",
        "hours": "any",
        "expires_at": "never",
    }
    assert in_words(OTHER) == {
        "models": "o4-*",
        "providers": "azure",
        "operations": "chat.completions",
        "regions": "eu-*",
        "data_classes": "public",
        "hosted_tools": "web_search",
        "state": "allowed",
        "max_tokens": "4096",
        "sources": "10.0.0.0/8",
        "hours": "mon-fri 08:00-18:00 UTC",
        "expires_at": "2030-03-17T17:46:40.000000Z",
    }


def test_a_scope_of_another_version_is_read_for_what_it_says() -> None:
    assert in_words({"models": ["a"], "moods": 7}) == {"models": "a", "moods": "7"}
