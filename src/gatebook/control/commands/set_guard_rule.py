"""Set what the guard does about what it finds."""

from functools import partial
from typing import Annotated, ClassVar, Literal

from msgspec import Meta
from msgspec.structs import asdict, replace

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.inputs import NamePattern, RuleText
from gatebook.control.lookup import agent_called, workspace_called
from gatebook.core.errors import Invalid
from gatebook.core.ids import new_id
from gatebook.identity.directory import GuardAction, GuardRule
from gatebook.ledger.events.guard_rule import GuardRuleSet
from gatebook.policy.guarding import ACTIONS, about, owner_of
from gatebook.policy.written import rule_in_words


class SetGuardRule(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Set what the guard does about WHAT it finds, of an agent, a workspace or the organization.

    RULE is WHAT=ACTION. Of data, WHAT is a class such as secret or personal, in which * stands for
    anything, or detector:ID, and ACTION is allow, record, mask, token (what is found is replaced,
    and restored in the answer), redact or block. Parts that cannot be looked into are blind:image
    and so on: allow, record, block. Attacks are threat: observe, flag, block, or quarantine, which
    blocks the agent too.

    The nearest owner's rules decide, of those the most particular, of those the strictest. A rule
    of the same owner about the same in the same direction and region is replaced, of threats one
    with the same action.
    """

    verb: ClassVar[str] = "guard set"
    says: ClassVar[str] = "The {subject} has the guard rule {rule}."
    subject: ClassVar[str] = "rule"
    examples: ClassVar[tuple[str, ...]] = (
        "guard set secret=block",
        "guard set personal=token --agent triage --direction request",
        "guard set 'government_*=redact' --workspace default --region 'us-*'",
        "guard set detector:iban=mask --agent triage",
        "guard set 'blind:*=block' --agent triage",
        "guard set threat=quarantine --threshold 950",
    )

    rule: Annotated[RuleText, Meta(description="What is found, and what is done about it.")]
    agent: Annotated[str, Meta(description="Agent it binds.")] = ""
    workspace: Annotated[str, Meta(description="Workspace it binds, with all agents in it.")] = ""
    direction: Annotated[
        Literal["request", "reply", "both"],
        Meta(description="In what is sent, in what is answered, or in both."),
    ] = "both"
    region: Annotated[
        NamePattern, Meta(description="Region of the providers it is about, such as 'eu-*'.")
    ] = "*"
    threshold: Annotated[
        Annotated[int, Meta(title="a number from 1 to 1000", ge=1, le=1000)] | None,
        Meta(description="Score of a threat from which on, in thousandths; else the guard's own."),
    ] = None

    def change(self, context: Context) -> Outcome:
        """A rule, or another action or threshold for it; Invalid for what cannot be done."""
        what, action = self._read()
        workspace_id, agent_id = self._owner(context)
        rule = GuardRule(
            id=new_id("grl", context.entropy),
            organization_id=context.organization_id,
            workspace_id=workspace_id,
            agent_id=agent_id,
            direction=self.direction,
            what=what,
            region=self.region,
            action=action,
            threshold=self.threshold,
            created_at=context.now_us,
        )
        for old in context.records.find(
            GuardRule,
            organization_id=context.organization_id,
            what=what,
            direction=self.direction,
            region=self.region,
        ):
            if _replaces(rule, old):
                rule = replace(rule, id=old.id, created_at=old.created_at)
        return Outcome(
            event=partial(
                GuardRuleSet,
                object=rule.id,
                agent=rule.agent_id or "",
                workspace=rule.workspace_id or "",
                direction=rule.direction,
                what=rule.what,
                region=rule.region,
                action=rule.action,
                threshold=rule.threshold or 0,
            ),
            saves=(rule,),
            answer={
                "subject": owner_of(rule),
                "rule": rule_in_words(asdict(rule)),
                "id": rule.id,
            },
        )

    def _read(self) -> tuple[str, GuardAction]:
        """What the rule is about, and what is done; Invalid for what cannot be done about it."""
        what, _, action = self.rule.partition("=")
        kind = about(what).kind
        if action not in ACTIONS[kind]:
            raise Invalid(
                "guard_action",
                f"{action} is nothing that can be done about {what}.",
                f"There are: {', '.join(ACTIONS[kind])}.",
            )
        if action == "token" and self.direction != "request":
            raise Invalid(
                "guard_direction",
                "What is replaced by a token is restored in the answer, so answers have no tokens.",
                "Set it with --direction request, and another rule for replies.",
            )
        if self.threshold is not None and kind != "threat":
            raise Invalid(
                "guard_threshold",
                f"Only threats have a score, and {what} has none.",
                "Leave --threshold out, or set a rule such as threat=block.",
            )
        return what, action

    def _owner(self, context: Context) -> tuple[str | None, str | None]:
        """The ids of the workspace or of the agent that it binds."""
        if self.agent and self.workspace:
            raise Invalid(
                "guard_subject", "A rule binds an agent or a workspace.", "Set it on one of them."
            )
        return (
            workspace_called(context, self.workspace).id if self.workspace else None,
            agent_called(context, self.agent).id if self.agent else None,
        )


def _replaces(rule: GuardRule, old: GuardRule) -> bool:
    """Whether a rule takes the place of one about the same; of threats each action has its own."""
    is_same_owner = (old.workspace_id, old.agent_id) == (rule.workspace_id, rule.agent_id)
    return is_same_owner and (rule.what != "threat" or rule.action == old.action)
