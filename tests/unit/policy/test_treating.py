"""Of all that was found, what policy says is done, told by name and never by value."""

from gatebook.core.errors import Unavailable
from gatebook.formats.content import Blind
from gatebook.guard.inspect import Inspection, Threat
from gatebook.guard.settings import GuardSettings
from gatebook.identity.directory import GuardAction, GuardRule
from gatebook.policy.guarding import GuardPolicy
from gatebook.policy.treating import Treated, Violation, treat
from tests.policies import seen


def rule(what: str, action: GuardAction, *, region: str = "*") -> GuardRule:
    return GuardRule(
        id=f"grl_{what}_{action}",
        organization_id="org",
        workspace_id=None,
        agent_id=None,
        direction="both",
        what=what,
        region=region,
        action=action,
        threshold=None,
        created_at=1,
    )


def treated(found: Inspection, *rules: GuardRule, on_failure: str = "closed") -> Treated:
    settings = GuardSettings(on_failure=on_failure)  # type: ignore[arg-type]  # one of the two
    return treat(found, GuardPolicy(rules, settings), "request", "eu-west-1")


def test_findings_of_one_kind_are_counted_together_with_what_is_done_about_them() -> None:
    done = treated(seen("personal", "personal", "secret"), rule("secret", "redact"))
    assert [(each.what, each.count, each.action, each.rule) for each in done.found] == [
        ("personal", 2, "record", "guard.data"),
        ("secret", 1, "redact", "grl_secret_redact"),
    ]
    assert [(finding.detector, edit) for finding, edit in done.edits] == [("secret", "redact")]
    assert done.refusal is None


def test_what_is_allowed_is_not_recorded() -> None:
    assert treated(seen("personal"), rule("personal", "allow")) == Treated()


def test_what_is_blocked_is_told_by_its_name_and_its_rule() -> None:
    done = treated(seen("secret", "personal"), rule("secret", "block"))
    assert isinstance(done.refusal, Violation)
    assert done.refusal.code == "content_policy_violation"
    assert "holds data that may not go there (secret)" in str(done.refusal)
    assert "personal" not in str(done.refusal)
    assert done.refusal.rule == "grl_secret_block"


def test_a_rule_of_another_region_says_nothing_here() -> None:
    assert treated(seen("secret"), rule("secret", "block", region="us-*")).refusal is None


def test_a_part_that_nobody_can_look_into_is_recorded_or_refused() -> None:
    blind = Inspection(blind=(Blind("image", "user", 1, 99),))
    (found,) = treated(blind).found
    assert (found.kind, found.what, found.action) == ("blind", "image", "record")
    assert isinstance(treated(blind, rule("blind:*", "block")).refusal, Violation)


def test_what_was_too_much_to_decode_is_a_part_that_nobody_looked_into() -> None:
    assert isinstance(treated(Inspection(undecoded=1), rule("blind:*", "block")).refusal, Violation)


def test_an_attack_is_told_by_its_category_and_score() -> None:
    attack = Inspection(threats=(Threat("user", 0.9, ("sig",), "jailbreak"),))
    (found,) = treated(attack).found
    assert (found.kind, found.what, found.score, found.action) == (
        "threat",
        "jailbreak",
        900,
        "flag",
    )
    done = treated(attack, rule("threat", "quarantine"))
    assert done.is_quarantined
    assert "looks like an attack (jailbreak)" in str(done.refusal)


def test_a_layer_that_failed_ends_the_call_or_is_recorded_as_settings_say() -> None:
    failed = Inspection(failed=("data",))
    assert isinstance(treated(failed).refusal, Unavailable)
    done = treated(failed, on_failure="open")
    assert done.refusal is None
    assert [(each.kind, each.what, each.action) for each in done.found] == [
        ("failed", "data", "record")
    ]
