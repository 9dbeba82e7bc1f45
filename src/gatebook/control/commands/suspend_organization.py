"""Have all agents of an organization do nothing until it is resumed."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.core.errors import Conflict
from gatebook.ledger.events.organization import OrganizationSuspended


class SuspendOrganization(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Have all agents of an organization do nothing, within a second; calls under way are cut.

    Agents, keys and all else stay as they are: `gatebook organization resume` ends it.
    """

    verb: ClassVar[str] = "organization suspend"
    says: ClassVar[str] = "Organization {organization} is suspended."
    subject: ClassVar[str] = "organization"
    examples: ClassVar[tuple[str, ...]] = ("organization suspend acme --reason 'invoice unpaid'",)

    organization: Annotated[str, Meta(description="Slug of the organization.", max_length=40)]

    def change(self, context: Context) -> Outcome:
        """The organization, suspended; Conflict if it is that already."""
        organization = context.acting_in
        if organization.status == "suspended":
            raise Conflict(
                "organization_suspended_before",
                f"{organization.slug} is suspended already.",
                "List them: gatebook organization list",
            )
        return Outcome(
            event=partial(OrganizationSuspended, object=organization.id),
            saves=(replace(organization, status="suspended"),),
            answer={"organization": organization.slug, "id": organization.id},
        )
