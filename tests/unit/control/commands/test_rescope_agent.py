"""What an agent may do changes as said, and the event says what of it did."""

from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Conflict, Invalid, NotFound
from gatebook.identity.directory import Agent
from gatebook.policy.written import digest_of, scope_text
from tests.decisions import MAILER, SCOPE, decide


def rescoped(**values: Any) -> Agent:
    (agent,) = decide("rescope_agent", agent="mailer", **values).saves
    assert isinstance(agent, Agent)
    return agent


def test_the_scope_is_another_one_and_the_agent_is_not() -> None:
    agent = rescoped(model=["o4-*"], max_tokens="100")
    assert agent.scope == replace(SCOPE, models=("o4-*",), max_tokens=100)
    assert agent == replace(MAILER, scope=agent.scope)


def test_the_event_names_what_changed_and_the_policy_that_follows() -> None:
    outcome = decide("rescope_agent", agent="mailer", model=["o4-*"], max_tokens="100")
    assert isinstance(outcome.event, partial)
    assert outcome.event.keywords == {
        "object": MAILER.id,
        "dimensions": ["max_tokens", "models"],
        "scope": digest_of(scope_text(rescoped(model=["o4-*"], max_tokens="100").scope)),
    }


def test_the_answer_says_what_holds_now_where_it_changed() -> None:
    answer = decide("rescope_agent", agent="mailer", hosted_tool=["web_*"]).answer
    assert answer == {"agent": "mailer", "id": MAILER.id, "hosted_tools": "web_*"}


@pytest.mark.parametrize("values", [{}, {"model": ["gpt-*"]}, {"source": ["any"]}])
def test_what_changes_nothing_is_no_change(values: dict[str, Any]) -> None:
    with pytest.raises(Conflict):
        rescoped(**values)


def test_what_cannot_be_a_scope_changes_nothing() -> None:
    with pytest.raises(Invalid):
        rescoped(source=["10.1.2.3/8"])


def test_an_agent_that_is_not_there_has_no_scope() -> None:
    with pytest.raises(NotFound):
        decide("rescope_agent", agent="nobody", model=["a"])
