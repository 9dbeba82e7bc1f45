"""Remove a guard rule."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import asdict

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.core.errors import NotFound
from gatebook.identity.directory import GuardRule
from gatebook.ledger.events.guard_rule import GuardRuleRemoved
from gatebook.policy.guarding import owner_of
from gatebook.policy.written import rule_in_words


class RemoveGuardRule(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Remove a guard rule; the others still decide, or else the settings.

    To change its action, set it.
    """

    verb: ClassVar[str] = "guard remove"
    says: ClassVar[str] = "The guard rule {rule} is removed."
    subject: ClassVar[str] = "id"
    examples: ClassVar[tuple[str, ...]] = ("guard remove grl_3nV7bX1cZ9mK5jH2gF6dS8",)

    id: Annotated[str, Meta(description="Id of the rule, as `guard list` shows it.")]

    def change(self, context: Context) -> Outcome:
        """The rule's row is deleted; NotFound if there is none."""
        found = context.records.find(GuardRule, organization_id=context.organization_id, id=self.id)
        if not found:
            raise NotFound(
                "guard_rule_unknown",
                f"There is no guard rule {self.id}.",
                "List them: gatebook guard list",
            )
        return Outcome(
            event=partial(GuardRuleRemoved, object=self.id),
            removes=(found[0],),
            answer={
                "rule": rule_in_words(asdict(found[0])),
                "subject": owner_of(found[0]),
                "id": self.id,
            },
        )
