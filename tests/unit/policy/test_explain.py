"""Every rule that policy decides by has words, and they hold what the scope said then."""

import ast

import msgspec
import pytest

from gatebook.guard.settings import GuardSettings
from gatebook.policy.explain import in_short
from tests.architecture.program import python_files

DECIDERS = ("scope", "resolve", "permit", "limits/demand")
RULES = {
    node.value.value
    for name in DECIDERS
    for node in ast.walk(python_files("src")[f"src/gatebook/policy/{name}.py"])
    if isinstance(node, ast.keyword)
    and node.arg == "rule"
    and isinstance(node.value, ast.Constant)
    and isinstance(node.value.value, str)
}


def test_the_rules_are_found() -> None:
    assert {"agent.scope", "agent.scope.models", "organization.status"} <= RULES


@pytest.mark.parametrize("rule", sorted(RULES | {"provider.dialect", "provider.models"}))
def test_a_rule_says_what_it_decided(rule: str) -> None:
    assert in_short(rule, {}).endswith(".")


def test_a_rule_of_the_scope_says_what_the_scope_said() -> None:
    assert "gpt-*, o3" in in_short("agent.scope.models", {"models": ["gpt-*", "o3"]})
    assert "4096" in in_short("agent.scope.max_tokens", {"max_tokens": 4096})
    assert "2030-03-17" in in_short("agent.scope.expires_at", {"expires_at": 1_900_000_000_000_000})


def test_a_limit_is_named() -> None:
    assert "The limit lim_1 left no room" in in_short("limit.lim_1", {})


def test_what_is_not_known_any_more_is_not_made_up() -> None:
    assert "not known" in in_short("agent.scope.models", None)


@pytest.mark.parametrize(
    "rule", ["agent.scope.moods", "provider.moods", "limits.money", "guard.moods", ""]
)
def test_of_a_rule_that_is_not_known_nothing_is_said(rule: str) -> None:
    assert in_short(rule, {"models": []}) == ""


GUARD = {
    "data": "record",
    "on_failure": "closed",
    "rules": [
        {
            "id": "grl_1",
            "what": "secret",
            "action": "block",
            "direction": "request",
            "region": "*",
            "threshold": None,
        }
    ],
}


def test_a_guard_rule_says_what_it_said_then() -> None:
    assert "grl_1" in in_short("grl_1", None, GUARD)
    assert "secret=block in requests" in in_short("grl_1", None, GUARD)
    for guard in (GUARD, None):
        assert "not known" in in_short("grl_2", None, guard)


def test_a_setting_of_the_guard_says_what_it_was() -> None:
    assert in_short("guard.data", None, GUARD).endswith("guard.data was record.")
    assert in_short("guard.on_failure", None, GUARD).endswith("guard.on_failure was closed.")
    assert "not known" in in_short("guard.threats", None, GUARD)


@pytest.mark.parametrize(
    "setting", msgspec.structs.fields(GuardSettings), ids=lambda each: each.name
)
def test_every_setting_of_the_guard_has_words(setting: msgspec.structs.FieldInfo) -> None:
    assert in_short(f"guard.{setting.name}", None).endswith(".")


def test_a_stop_is_said_to_be_one() -> None:
    assert "gatebook stop list" in in_short("stp_6fD1sA3gH5jK7lP9oI2uYt", None)
