"""Guard rules on real databases: each change and its event are one, within one organization."""

import pytest

from gatebook.core.errors import NotFound
from tests.functional.test_control import body_of, changes
from tests.office import Office


def test_a_guard_rule_is_set_changed_and_removed_and_each_is_in_the_book(office: Office) -> None:
    office.enroll(name="mailer")
    set_it = {"agent": "mailer", "direction": "request", "region": "eu-*"}
    first = office.order("set_guard_rule", rule="secret=block", **set_it)
    again = office.order("set_guard_rule", rule="secret=mask", **set_it, reason="ticket 4711")
    (rule,) = office.directory.guard_rules.values()
    assert first.values["id"] == again.values["id"] == rule.id
    assert (rule.action, rule.region, rule.direction) == ("mask", "eu-*", "request")
    revision = office.directory.revision
    office.order("remove_guard_rule", id=rule.id, reason="not needed")
    assert office.directory.guard_rules == {}
    assert office.directory.revision == revision + 1
    made, changed, removed = [h for h in changes(office.database) if "guard_rule" in h["ev"]]
    assert [made["ev"], changed["ev"], removed["ev"]] == [
        "guard_rule.set",
        "guard_rule.set",
        "guard_rule.removed",
    ]
    assert (made["d"]["agent"], changed["d"]["action"]) == (rule.agent_id, "mask")
    assert body_of(office, made)["before"] == []
    body = body_of(office, changed)
    assert (body["before"][0]["action"], body["after"][0]["action"]) == ("block", "mask")
    assert body["reason"] == "ticket 4711"
    body = body_of(office, removed)
    assert (body["before"][0]["id"], body["after"], body["reason"]) == (rule.id, [], "not needed")


def test_a_guard_rule_of_one_organization_is_not_there_for_another(office: Office) -> None:
    for slug in ("acme", "umbrella"):
        office.order("create_organization", slug=slug)
        office.order("create_workspace", organization=slug, slug="main")
    office.enroll(organization="acme", name="mailer")
    rule = office.order("set_guard_rule", organization="acme", rule="secret=block").values["id"]
    with pytest.raises(NotFound):
        office.order("remove_guard_rule", organization="umbrella", id=rule)
    with pytest.raises(NotFound):
        office.order("set_guard_rule", organization="umbrella", rule="secret=block", agent="mailer")
    other = office.order("set_guard_rule", organization="umbrella", rule="secret=mask").values["id"]
    assert other != rule
