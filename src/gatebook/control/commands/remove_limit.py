"""Remove a limit."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.core.errors import NotFound
from gatebook.identity.directory import Limit
from gatebook.ledger.events.limit import LimitRemoved
from gatebook.policy.limits.bounds import in_words


class RemoveLimit(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Remove a limit; the others still bind.

    If it is set again it begins with nothing used. To change its amount, set it.
    """

    verb: ClassVar[str] = "limit remove"
    says: ClassVar[str] = "The limit of {limit} is removed."
    subject: ClassVar[str] = "id"
    examples: ClassVar[tuple[str, ...]] = ("limit remove lim_2xV8nQmA0bLr5cYtKd9eWs",)

    id: Annotated[str, Meta(description="Id of the limit, as `limit list` shows it.")]

    def change(self, context: Context) -> Outcome:
        """The limit's row is deleted; NotFound if there is none."""
        found = context.records.find(Limit, organization_id=context.organization_id, id=self.id)
        if not found:
            raise NotFound(
                "limit_unknown", f"There is no limit {self.id}.", "List them: gatebook limit list"
            )
        return Outcome(
            event=partial(LimitRemoved, object=self.id),
            removes=(found[0],),
            answer={"limit": in_words(found[0]), "subject": found[0].subject, "id": self.id},
        )
