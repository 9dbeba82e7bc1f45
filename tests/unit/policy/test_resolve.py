"""Operation, model and provider: what no rule permits is refused; a list is what can be called."""

from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.formats import Call, Terms
from gatebook.formats.chat import Chat
from gatebook.guard.inspect import Inspection
from gatebook.identity.directory import Provider
from gatebook.policy.circumstances import Circumstances
from gatebook.policy.resolve import Permit
from gatebook.providers import anthropic, openai
from tests.decisions import OPENAI
from tests.policies import HERE, asked, narrowed, permitted, policy_of, refused, seen

EUROPE = replace(OPENAI, id="prv_2", name="azure", region="eu-central-1")
CLAUDE = replace(OPENAI, id="prv_3", name="claude", dialect="anthropic")
SEEN = seen("personal")


class Noting(Chat):
    """A format that notes the terms it is given."""

    def __init__(self, noted: list[Terms]) -> None:
        self.noted = noted

    def fitted(self, call: Call, terms: Terms) -> Call:
        self.noted.append(terms)
        return replace(call, body=b"fitted")


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o-mini", "o4-mini"])
def test_a_model_that_a_pattern_covers_is_permitted(model: str) -> None:
    found = permitted(narrowed(models=("gpt-4o*", "o4-mini")), asked(model))
    assert found.provider is OPENAI
    assert found.rule == "agent.scope"


@pytest.mark.parametrize("model", ["gpt-4", "xgpt-4o", "o4-mini-high", "O4-mini"])
def test_any_other_model_is_refused(model: str) -> None:
    scope = narrowed(models=("gpt-4o*", "o4-mini"))
    assert refused(scope, asked(model)) == ("model_not_allowed", "agent.scope.models")


def test_a_call_that_names_no_model_is_of_any_model() -> None:
    """A vendor has a default then, which nobody was granted but who may use them all."""
    assert refused(narrowed(models=("gpt-*",)), asked(""))[0] == "model_not_allowed"
    permitted(narrowed(models=("*",)), asked(""))


def test_a_list_of_models_needs_no_model() -> None:
    listing = asked("", operation=openai.MODELS)
    permitted(narrowed(models=("gpt-3",)), listing, replace(OPENAI, models=("gpt-3",)))


def test_an_operation_that_is_not_granted_is_refused() -> None:
    scope = narrowed(operations=("chat.*",))
    permitted(scope, asked())
    other = asked(operation=replace(openai.CHAT, name="embeddings"))
    assert refused(scope, other) == ("operation_not_allowed", "agent.scope.operations")
    listing = asked("", operation=openai.MODELS)
    assert refused(scope, listing)[0] == "operation_not_allowed"


@pytest.mark.parametrize(
    ("scope", "provider", "code", "rule"),
    [
        ({}, {"dialect": "another"}, "provider_not_allowed", "provider.dialect"),
        ({}, {"models": ("gpt-3*",)}, "provider_not_allowed", "provider.models"),
        ({"providers": ("azure",)}, {}, "provider_not_allowed", "agent.scope.providers"),
        ({"regions": ("eu-*",)}, {"region": "us-1"}, "region_not_allowed", "agent.scope.regions"),
        ({"regions": ("eu-*",)}, {"region": ""}, "region_not_allowed", "agent.scope.regions"),
        (
            {},
            {"data_classes": ("public",)},
            "data_class_not_allowed",
            "provider.data_classes",
        ),
    ],
)
def test_the_rule_that_left_no_provider_is_named(
    scope: dict[str, Any], provider: dict[str, Any], code: str, rule: str
) -> None:
    found = refused(narrowed(**scope), asked(), replace(OPENAI, **provider))
    assert found == (code, rule)


def test_every_provider_that_may_take_the_call_is_given_in_order() -> None:
    found = permitted(narrowed(), asked(), OPENAI, CLAUDE, EUROPE)
    assert found.providers == (OPENAI, EUROPE)
    assert found.provider is OPENAI


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ({"providers": ("azure",)}, EUROPE),
        ({"regions": ("eu-*",)}, EUROPE),
        ({"providers": ("open*",)}, OPENAI),
    ],
)
def test_a_provider_outside_the_scope_is_no_fallback_either(
    scope: dict[str, Any], left: Provider
) -> None:
    assert permitted(narrowed(**scope), asked(), OPENAI, EUROPE).providers == (left,)


def test_a_provider_is_sent_only_what_it_may_be_sent() -> None:
    careful = replace(OPENAI, data_classes=("public",))
    assert permitted(narrowed(), asked(inspection=SEEN), careful, EUROPE).providers == (EUROPE,)
    harmless = seen("public")
    both = permitted(narrowed(), asked(inspection=harmless), careful, EUROPE)
    assert both.providers == (careful, EUROPE)


def test_what_nobody_looked_at_goes_to_providers_that_may_be_sent_anything() -> None:
    careful = replace(OPENAI, data_classes=("public",))
    assert permitted(narrowed(), asked(), careful, EUROPE).providers == (EUROPE,)


def test_a_permit_that_is_remembered_holds_nothing_of_the_call_before() -> None:
    policy = policy_of(narrowed(max_tokens=100))
    first = policy.resolve(*asked(choices=10))
    second = policy.resolve(*asked())
    assert isinstance(first, Permit)
    assert isinstance(second, Permit)
    assert (first.terms.max_tokens, second.terms.max_tokens) == (10, 100)
    assert policy.resolve(*asked()) is second


def test_the_call_is_fitted_to_its_terms_by_its_own_format() -> None:
    noted: list[Terms] = []
    what = asked(operation=replace(openai.CHAT, format=Noting(noted)))
    found = permitted(narrowed(max_tokens=9), what)
    assert found.fitted(what.call).body == b"fitted"
    assert noted == [Terms(max_tokens=9, is_stateless=True)]


def test_a_list_shows_what_one_of_the_operations_may_be_asked_of() -> None:
    listing = asked("", operation=openai.MODELS)
    policy = policy_of(narrowed(), replace(OPENAI, models=("gpt-4*",)), CLAUDE)
    assert any(policy.permitted("gpt-4o", listing.at, openai.OPERATIONS))
    assert not any(policy.permitted("gpt-5", listing.at, openai.OPERATIONS))  # nobody serves it
    assert not any(policy.permitted("o3", listing.at, openai.OPERATIONS))  # not in the scope
    assert any(policy.permitted("gpt-5", listing.at, anthropic.OPERATIONS))  # it is served there


def test_a_list_is_as_empty_as_a_scope_that_permits_nothing_now() -> None:
    listing = asked("", operation=openai.MODELS)
    for scope in (
        narrowed(operations=("models",)),
        narrowed(sources=("198.51.100.0/24",)),
        narrowed(hours=()),
        narrowed(expires_at=1),
    ):
        assert not any(policy_of(scope).permitted("gpt-4o", listing.at, openai.OPERATIONS))


def test_a_list_shows_what_may_be_asked_something_harmless() -> None:
    listing = asked("", operation=openai.MODELS)
    policy = policy_of(narrowed(data_classes=("public",)))
    assert any(policy.permitted("gpt-4o", listing.at, openai.OPERATIONS))


def test_a_model_that_only_an_operation_without_a_body_names_is_not_shown() -> None:
    """Looking at a list of models is no way of using one."""
    at = Circumstances(Inspection(), HERE, 1)
    assert not any(policy_of(narrowed()).permitted("gpt-4o", at, [openai.MODELS]))


def test_a_server_that_speaks_as_openai_did_is_told_the_limit_in_its_words() -> None:
    scope = narrowed(max_tokens=50)
    local = replace(OPENAI, base_url="http://127.0.0.1:11434/v1")
    given = [
        permitted(scope, asked(body=b'{"model":"m"}'), provider).fitted(asked(body=b"{}").call)
        for provider in (OPENAI, local)
    ]
    assert [call.body for call in given] == [
        b'{"max_completion_tokens":50}',
        b'{"max_tokens":50}',
    ]
