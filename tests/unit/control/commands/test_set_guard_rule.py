"""A guard rule binds what is named, is replaced by one about the same, and can be carried out."""

from typing import Any

import pytest

from gatebook.core.errors import Invalid, NotFound
from gatebook.identity.directory import GuardRule
from gatebook.policy.guarding import ACTIONS
from tests.decisions import ALL, decide
from tests.simulators.records import MemoryRecords

WHAT = {"class": "secret", "detector": "detector:iban", "blind": "blind:image", "threat": "threat"}


def ruled(text: str, records: MemoryRecords | None = None, **values: Any) -> GuardRule:
    (rule,) = decide("set_guard_rule", records, rule=text, **values).saves
    assert isinstance(rule, GuardRule)
    return rule


def refused(text: str, **values: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        ruled(text, **values)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "action"), [(kind, action) for kind, known in ACTIONS.items() for action in known]
)
def test_a_rule_means_what_it_says(kind: str, action: str) -> None:
    rule = ruled(f"{WHAT[kind]}={action}", direction="request", region="eu-*")
    assert (rule.what, rule.action) == (WHAT[kind], action)
    assert (rule.direction, rule.region, rule.threshold) == ("request", "eu-*", None)


def test_it_is_about_both_directions_and_all_regions_unless_it_says_so() -> None:
    rule = ruled("secret=block")
    assert (rule.direction, rule.region) == ("both", "*")


def test_it_binds_what_is_named_and_otherwise_the_organization() -> None:
    assert ruled("secret=block", agent="mailer").agent_id == "agt_1"
    assert ruled("secret=block", workspace="main").workspace_id == "wsp_1"
    of_all = ruled("secret=block")
    assert (of_all.organization_id, of_all.workspace_id, of_all.agent_id) == ("org_1", None, None)
    assert refused("secret=block", agent="mailer", workspace="main").code == "guard_subject"
    with pytest.raises(NotFound):
        ruled("secret=block", agent="nobody")


def test_setting_it_again_changes_its_action_and_nothing_else() -> None:
    first = ruled("secret=block", agent="mailer")
    records = MemoryRecords(*ALL, first)
    again = ruled("secret=mask", records, agent="mailer")
    assert (again.id, again.action, again.created_at) == (first.id, "mask", first.created_at)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("personal=block", {"agent": "mailer"}),
        ("secret=block", {}),
        ("secret=block", {"workspace": "main"}),
        ("secret=block", {"agent": "mailer", "direction": "reply"}),
        ("secret=block", {"agent": "mailer", "region": "eu-*"}),
    ],
)
def test_a_rule_about_something_else_stands_beside_it(text: str, values: dict[str, str]) -> None:
    first = ruled("secret=block", agent="mailer")
    assert ruled(text, MemoryRecords(*ALL, first), **values).id != first.id


def test_of_threats_each_action_has_a_threshold_of_its_own() -> None:
    flag = ruled("threat=flag", threshold=500)
    records = MemoryRecords(*ALL, flag)
    assert ruled("threat=quarantine", records, threshold=950).id != flag.id
    again = ruled("threat=flag", records, threshold=600)
    assert (again.id, again.threshold) == (flag.id, 600)


@pytest.mark.parametrize(
    "text", ["secret", "secret=", "=block", "Secret=block", "pii:x=block", "a b=block", "a=b=block"]
)
def test_what_is_no_rule_is_refused_with_examples(text: str) -> None:
    assert "secret=block" in str(refused(text))


@pytest.mark.parametrize(
    "text",
    [
        "secret=flag",
        "secret=explode",
        "detector:iban=quarantine",
        "blind:image=mask",
        "threat=mask",
    ],
)
def test_what_cannot_be_done_about_it_is_refused_with_what_can(text: str) -> None:
    error = refused(text)
    assert error.code == "guard_action"
    assert "block" in error.hint


def test_a_token_is_for_requests_only() -> None:
    assert ruled("personal=token", direction="request").action == "token"
    for direction in ("reply", "both"):
        error = refused("personal=token", direction=direction)
        assert (error.code, "--direction request" in error.hint) == ("guard_direction", True)


def test_only_threats_have_a_threshold() -> None:
    assert refused("secret=block", threshold=900).code == "guard_threshold"
    for threshold in (0, 1001):
        assert "from 1 to 1000" in str(refused("threat=block", threshold=threshold))


def test_the_event_says_all_of_it() -> None:
    event: Any = decide(
        "set_guard_rule", rule="threat=block", agent="mailer", direction="reply", threshold=900
    ).event
    assert event.keywords == {
        "object": event.keywords["object"],
        "agent": "agt_1",
        "workspace": "",
        "direction": "reply",
        "what": "threat",
        "region": "*",
        "action": "block",
        "threshold": 900,
    }
