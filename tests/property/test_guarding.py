"""What the guard does is the same in any order of rules, and stricter rules let no more through."""

from typing import Any, get_args

from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from gatebook.guard.settings import GuardSettings
from gatebook.identity.directory import GuardAction, GuardRule
from gatebook.policy.guarding import ACTIONS, GuardPolicy, Treatment, about

STRICTNESS = {action: place for place, action in enumerate(get_args(GuardAction))}
OWNERS: tuple[dict[str, str], ...] = ({}, {"workspace_id": "wsp_1"}, {"agent_id": "agt_1"})
WHATS = ("a", "b", "*", "a*", "detector:x", "detector:y", "detector:*", "blind:i", "blind:*")
REGIONS = ("eu-1", "eu-2", "us-1")
SCORES = st.integers(1, 4).map(lambda score: score * 250)


@st.composite
def rules_of(draw: st.DrawFn, what: str | None = None) -> GuardRule:
    what = what or draw(st.sampled_from((*WHATS, "threat")))
    kind = about(what).kind
    return GuardRule(
        id=f"grl_{draw(st.integers(0, 10**6))}",
        organization_id="org_1",
        **draw(st.sampled_from(OWNERS)),
        direction=draw(st.sampled_from(("request", "reply", "both"))),
        what=what,
        region=draw(st.sampled_from(("*", "*", "eu-*", "us-*", "eu-1"))),
        action=draw(st.sampled_from(ACTIONS[kind])),
        threshold=draw(st.none() | SCORES) if kind == "threat" else None,
        created_at=1,
    )


rules = st.lists(rules_of(), max_size=6, unique_by=lambda rule: rule.id)
shipped = st.builds(
    GuardSettings,
    data=st.sampled_from(("allow", "record", "mask", "redact", "block")),
    blind=st.sampled_from(ACTIONS["blind"]),
    threats=st.sampled_from(ACTIONS["threat"]),
)
found = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(("data", "blind", "threat")),
        "detector": st.sampled_from("xy"),
        "data_class": st.sampled_from("ab"),
        "score": SCORES,
        "direction": st.sampled_from(("request", "reply")),
        "region": st.sampled_from((*REGIONS, "")),
    }
)


def treatment(policy: GuardPolicy, what: dict[str, Any]) -> Treatment | None:
    where = {"direction": what["direction"], "region": what["region"]}
    match what["kind"]:
        case "data":
            return policy.action(detector=what["detector"], data_class=what["data_class"], **where)
        case "blind":
            return policy.blind("i", **where)
        case _:
            return policy.threat(what["score"], usual=500, **where)


def strictness(policy: GuardPolicy, what: dict[str, Any]) -> int:
    done = treatment(policy, what)
    return -1 if done is None else STRICTNESS[done.action]


@settings(max_examples=300)
@given(st.data(), rules, shipped, found)
def test_the_order_of_rules_decides_nothing(
    data: st.DataObject, given_rules: list[GuardRule], said: GuardSettings, what: dict[str, Any]
) -> None:
    other = GuardPolicy(data.draw(st.permutations(given_rules)), said)
    one = GuardPolicy(given_rules, said)
    assert treatment(one, what) == treatment(other, what)
    assert one.digest == other.digest


@settings(max_examples=500)
@given(st.data(), rules, shipped, found)
def test_a_stricter_rule_of_the_same_owner_about_the_same_lets_nothing_more_through(
    data: st.DataObject, given_rules: list[GuardRule], said: GuardSettings, what: dict[str, Any]
) -> None:
    """Also where others of that owner overlap with it."""
    if not given_rules:
        return
    of = data.draw(st.sampled_from(given_rules))
    known = ACTIONS[about(of.what).kind]
    stricter = replace(
        of,
        id="grl_new",
        action=data.draw(st.sampled_from(known[known.index(of.action) :])),
        threshold=of.threshold and data.draw(st.integers(1, of.threshold)),
    )
    before, after = GuardPolicy(given_rules, said), GuardPolicy([*given_rules, stricter], said)
    assert strictness(after, what) >= strictness(before, what)


@settings(max_examples=500)
@given(rules, rules_of(), shipped, found)
def test_a_rule_as_strict_as_what_is_done_lets_nothing_more_through_whoever_sets_it(
    given_rules: list[GuardRule], added: GuardRule, said: GuardSettings, what: dict[str, Any]
) -> None:
    """But for threats: a nearer rule may raise the threshold."""
    before = strictness(GuardPolicy(given_rules, said), what)
    if about(added.what).kind == "threat" or STRICTNESS[added.action] < before:
        return
    assert strictness(GuardPolicy([*given_rules, added], said), what) >= before


@settings(max_examples=500)
@given(rules, shipped, found)
def test_a_region_that_is_not_known_is_met_as_the_strictest_of_all(
    given_rules: list[GuardRule], said: GuardSettings, what: dict[str, Any]
) -> None:
    policy = GuardPolicy(given_rules, said)
    anywhere = [strictness(policy, {**what, "region": region}) for region in (*REGIONS, "z")]
    assert strictness(policy, {**what, "region": ""}) >= max(anywhere)


@given(rules, shipped, st.lists(found, max_size=6))
def test_what_is_remembered_changes_no_answer(
    given_rules: list[GuardRule], said: GuardSettings, all_found: list[dict[str, Any]]
) -> None:
    policy = GuardPolicy(given_rules, said)
    for what in all_found * 2:
        assert treatment(policy, what) == treatment(GuardPolicy(given_rules, said), what)
