"""What a digest stands for, and how a scope reads."""

from typing import get_args

import msgspec
import pytest
from msgspec.structs import asdict, replace

from gatebook.control.scoping import STANDARD
from gatebook.core.json_profile import is_canonical
from gatebook.guard.settings import GuardSettings
from gatebook.identity.directory import GuardRule, Scope
from gatebook.policy.written import (
    digest_of,
    guard_text,
    in_words,
    joined,
    parted,
    providers_text,
    rule_in_words,
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
RULE = GuardRule(id="grl_1", organization_id="org_1", what="secret", action="block", created_at=1)


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
    assert is_canonical(guard_text([RULE], GuardSettings()))


def test_no_secret_of_a_provider_is_in_a_text() -> None:
    with_key = replace(OPENAI, credential=b"sealed", data_key="dek_1")
    assert providers_text([with_key]) == providers_text([OPENAI])


def test_a_policy_names_all_of_its_texts() -> None:
    one, two, three = digest_of(b"one"), digest_of(b"two"), digest_of(b"three")
    assert parted(joined(one, two, three)) == (one, two, three)
    assert parted(f"{one}.{two}") == (one, two, "")
    assert parted("qk5m0Qd1GmB7w6Hf") == ("qk5m0Qd1GmB7w6Hf", "", "")


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "grl_2"},
        {"workspace_id": "wsp_1"},
        {"agent_id": "agt_1"},
        {"direction": "reply"},
        {"what": "personal"},
        {"region": "eu-*"},
        {"action": "mask"},
        {"threshold": 900},
    ],
)
def test_the_digest_follows_all_of_a_guard_rule_that_decides(changed: dict[str, object]) -> None:
    settings = GuardSettings()
    assert guard_text([replace(RULE, **changed)], settings) != guard_text([RULE], settings)


@pytest.mark.parametrize("field", msgspec.structs.fields(GuardSettings), ids=lambda each: each.name)
def test_the_digest_follows_the_settings_of_the_guard(field: msgspec.structs.FieldInfo) -> None:
    values = get_args(field.type.__origin__) or (False, True)
    (other, *_) = set(values) - {field.default}
    changed = replace(GuardSettings(), **{field.name: other})
    assert guard_text([], changed) != guard_text([], GuardSettings())


def test_the_order_of_guard_rules_makes_no_other_text() -> None:
    rules = [RULE, replace(RULE, id="grl_2", what="personal")]
    assert guard_text(rules, GuardSettings()) == guard_text(rules[::-1], GuardSettings())


def test_a_guard_rule_reads_as_it_is_written() -> None:
    assert rule_in_words(asdict(RULE)) == "secret=block"
    narrow = replace(RULE, direction="request", region="eu-*")
    assert rule_in_words(asdict(narrow)) == "secret=block in requests, region eu-*"
    threat = replace(RULE, what="threat", direction="reply", threshold=900)
    assert rule_in_words(asdict(threat)) == "threat=block in replies, from 900 on"


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
