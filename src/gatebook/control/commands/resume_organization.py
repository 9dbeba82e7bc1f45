"""Let the agents of an organization that was suspended work again."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.core.errors import Conflict
from gatebook.ledger.events.organization import OrganizationResumed


class ResumeOrganization(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let the agents of an organization that was suspended work again, as far as each of them may.

    A stop of the organization is another thing and holds until it is released.
    """

    verb: ClassVar[str] = "organization resume"
    says: ClassVar[str] = "Organization {organization} works again."
    subject: ClassVar[str] = "organization"
    needs_reason: ClassVar[bool] = True
    examples: ClassVar[tuple[str, ...]] = ("organization resume acme --reason 'invoice paid'",)

    organization: Annotated[str, Meta(description="Slug of the organization.", max_length=40)]

    def change(self, context: Context) -> Outcome:
        """The organization, active; Conflict if it is not suspended."""
        organization = context.acting_in
        if organization.status != "suspended":
            raise Conflict(
                "organization_not_suspended",
                f"{organization.slug} is not suspended.",
                "List them: gatebook organization list",
            )
        return Outcome(
            event=partial(OrganizationResumed, object=organization.id),
            saves=(replace(organization, status="active"),),
            answer={"organization": organization.slug, "id": organization.id},
        )
