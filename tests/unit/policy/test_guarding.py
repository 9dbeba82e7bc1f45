"""The nearest owner decides, then the most particular rule, then the strictest."""

from typing import Any, get_args

import msgspec
import pytest
from msgspec.structs import replace

from gatebook.guard.settings import GuardSettings
from gatebook.identity.directory import GuardAction, GuardRule
from gatebook.policy.guarding import (
    ACTIONS,
    Direction,
    GuardPolicies,
    GuardPolicy,
    Treatment,
    about,
    owner_of,
)
from tests.decisions import MAILER

SETTINGS = GuardSettings()


def rule(what: str, action: Any, **fields: Any) -> GuardRule:
    said: dict[str, Any] = {"id": "grl_1", "organization_id": "org_1", "created_at": 1, **fields}
    return GuardRule(what=what, action=action, **said)


def of_workspace(what: str, action: Any, **fields: Any) -> GuardRule:
    return rule(what, action, workspace_id="wsp_1", **fields)


def of_agent(what: str, action: Any, **fields: Any) -> GuardRule:
    return rule(what, action, agent_id="agt_1", **fields)


def done(
    *rules: GuardRule,
    detector: str = "aws_key",
    data_class: str = "secret",
    direction: Direction = "request",
    region: str = "eu-1",
) -> str:
    """What is done about data that was found."""
    policy = GuardPolicy(rules, SETTINGS)
    return policy.action(
        direction=direction, detector=detector, data_class=data_class, region=region
    ).action


def met(score: int, *rules: GuardRule, usual: int = 500, region: str = "eu-1") -> str:
    """What is done about a score; empty if nothing is."""
    policy = GuardPolicy(rules, SETTINGS)
    found = policy.threat(score, usual=usual, direction="request", region=region)
    return found.action if found else ""


@pytest.mark.parametrize(
    ("what", "kind", "names"),
    [
        ("secret", "class", "secret"),
        ("govern*", "class", "govern*"),
        ("detector:iban", "detector", "iban"),
        ("blind:*", "blind", "*"),
        ("threat", "threat", "*"),
    ],
)
def test_a_rule_is_about_what_its_text_says(what: str, kind: str, names: str) -> None:
    assert about(what) == (kind, names)


def test_actions_are_listed_from_the_mildest_to_the_strictest() -> None:
    order = get_args(GuardAction)
    for actions in ACTIONS.values():
        assert list(actions) == sorted(actions, key=order.index)
    assert {action for actions in ACTIONS.values() for action in actions} == set(order)


@pytest.mark.parametrize(
    ("field", "kind"), [("data", "class"), ("blind", "blind"), ("threats", "threat")]
)
def test_a_setting_offers_nothing_that_no_rule_could_do(field: str, kind: Any) -> None:
    """A token alone needs to know the direction, which a setting does not."""
    types = {each.name: each.type for each in msgspec.structs.fields(GuardSettings)}
    assert set(get_args(types[field].__origin__)) == set(ACTIONS[kind]) - {"token"}


def test_without_a_rule_the_settings_decide_and_are_named() -> None:
    policy = GuardPolicy((), GuardSettings(data="mask", blind="block", threats="observe"))
    asked: dict[str, Any] = {"direction": "reply", "region": ""}
    found = policy.action(detector="iban", data_class="financial", **asked)
    assert found == Treatment("mask", "guard.data")
    assert policy.blind("image", **asked) == Treatment("block", "guard.blind")
    assert policy.threat(500, usual=500, **asked) == Treatment("observe", "guard.threats")


@pytest.mark.parametrize(("setting", "action"), [("closed", "block"), ("open", "record")])
def test_what_could_not_be_looked_at_is_refused_or_passes_as_set(setting: Any, action: Any) -> None:
    found = GuardPolicy((), GuardSettings(on_failure=setting)).failed
    assert found == Treatment(action, "guard.on_failure")


def test_the_rule_that_decides_is_named() -> None:
    rules = (rule("secret", "block", id="grl_1"), rule("personal", "mask", id="grl_2"))
    policy = GuardPolicy(rules, SETTINGS)
    asked: dict[str, Any] = {"detector": "mail", "direction": "request", "region": ""}
    assert policy.action(data_class="personal", **asked) == Treatment("mask", "grl_2")
    assert policy.action(data_class="health", **asked) == Treatment("record", "guard.data")


def test_the_nearest_owner_decides_whatever_it_says() -> None:
    assert done(rule("secret", "block"), of_workspace("secret", "mask")) == "mask"
    assert done(of_workspace("secret", "mask"), of_agent("secret", "allow")) == "allow"
    assert done(rule("detector:aws_key", "block"), of_agent("*", "allow")) == "allow"


def test_a_detector_comes_before_a_class_and_a_class_before_a_pattern() -> None:
    every, some, named = rule("*", "block"), rule("se*", "redact"), rule("secret", "mask")
    assert done(every, named) == "mask"
    assert done(some, named) == "mask"
    assert done(named, rule("detector:aws_key", "allow")) == "allow"
    assert done(named, rule("detector:aws_*", "block")) == "mask"


def test_among_equals_the_strictest_decides() -> None:
    for action in ACTIONS["class"][:-1]:
        assert done(rule("secret", action), rule("secret", "block")) == "block"
    assert done(rule("*", "allow"), rule("se*", "mask")) == "mask"


def test_a_rule_is_about_its_direction_only() -> None:
    asked_only = rule("secret", "block", direction="request")
    assert done(asked_only, direction="request") == "block"
    assert done(asked_only, direction="reply") == "record"
    assert done(rule("secret", "block"), direction="reply") == "block"


def test_a_rule_is_about_its_regions_only() -> None:
    abroad = rule("secret", "block", region="us-*")
    assert done(abroad, region="us-east-1") == "block"
    assert done(abroad, region="eu-1") == "record"


def test_where_the_region_is_not_known_the_strictest_of_all_regions_decides() -> None:
    assert done(rule("secret", "block", region="us-*"), region="") == "block"
    assert done(rule("secret", "allow", region="us-*"), region="") == "record"
    assert done(rule("*", "block"), rule("secret", "allow", region="eu-*"), region="") == "block"
    elsewhere = (rule("secret", "mask", region="eu-*"), rule("*", "block", region="us-*"))
    assert done(*elsewhere, region="") == "block"
    # A rule that decides in no region does not decide here either.
    assert done(of_agent("secret", "mask"), rule("secret", "block", region="us-*"), region="") == (
        "mask"
    )


def test_patterns_of_one_kind_mean_nothing_of_another() -> None:
    policy = GuardPolicy((rule("*", "block"),), SETTINGS)
    asked: dict[str, Any] = {"direction": "request", "region": "eu-1"}
    assert policy.blind("image", **asked).rule == "guard.blind"
    found = policy.threat(900, usual=500, **asked)
    assert found is not None
    assert found.rule == "guard.threats"
    assert done(rule("d*", "block")) == "record"  # detectors are no classes
    assert done(rule("blind:*", "block")) == "record"


def test_what_cannot_be_looked_into_is_met_by_its_kind_or_a_pattern() -> None:
    policy = GuardPolicy(
        (rule("blind:*", "block", id="grl_1"), rule("blind:image", "allow", id="grl_2")), SETTINGS
    )
    asked: dict[str, Any] = {"direction": "request", "region": "eu-1"}
    assert policy.blind("image", **asked) == Treatment("allow", "grl_2")
    assert policy.blind("audio", **asked) == Treatment("block", "grl_1")


def test_a_threat_is_met_from_the_threshold_on_the_rules_or_the_guards_own() -> None:
    assert (met(499), met(500)) == ("", "flag")
    high, usual = rule("threat", "block", threshold=800), rule("threat", "block")
    assert (met(799, high), met(800, high)) == ("", "block")
    assert (met(499, usual), met(500, usual)) == ("", "block")


def test_threats_are_met_the_harder_the_higher_they_score() -> None:
    rules = (
        rule("threat", "flag", id="grl_1"),
        rule("threat", "block", id="grl_2", threshold=700),
        rule("threat", "quarantine", id="grl_3", threshold=950),
    )
    scores = (499, 500, 700, 949, 950)
    assert [met(score, *rules) for score in scores] == ["", "flag", "block", "block", "quarantine"]


def test_a_nearer_owner_can_raise_the_threshold() -> None:
    """What the nearer rule lets pass is not met by the farther one."""
    rules = (rule("threat", "block", threshold=500), of_agent("threat", "flag", threshold=900))
    assert [met(score, *rules) for score in (600, 900)] == ["", "flag"]


def test_a_policy_is_of_the_rules_that_bind_the_agent_and_shared_by_those_they_bind() -> None:
    mine = of_agent("secret", "block", id="grl_1")
    others = rule("secret", "allow", id="grl_2", agent_id="agt_2")
    foreign = rule("*", "mask", id="grl_3", organization_id="org_2")
    policies = GuardPolicies((mine, others, foreign), SETTINGS)
    assert policies.of(MAILER).text == GuardPolicy((mine,), SETTINGS).text
    third, fourth = replace(MAILER, id="agt_3"), replace(MAILER, id="agt_4")
    assert policies.of(third) is policies.of(fourth)
    assert policies.of(third).digest != policies.of(MAILER).digest


def test_the_policy_of_a_workspace_binds_its_agents_only() -> None:
    policies = GuardPolicies((of_workspace("secret", "block"),), SETTINGS)
    asked: dict[str, Any] = {
        "detector": "aws_key",
        "data_class": "secret",
        "direction": "request",
        "region": "",
    }
    assert policies.of(MAILER).action(**asked).action == "block"
    elsewhere = replace(MAILER, workspace_id="wsp_2")
    assert policies.of(elsewhere).action(**asked).action == "record"


def test_the_owner_of_a_rule_is_the_one_it_names() -> None:
    made = (rule("secret", "block"), of_workspace("secret", "block"), of_agent("secret", "block"))
    assert [owner_of(each) for each in made] == ["organization", "workspace", "agent"]
