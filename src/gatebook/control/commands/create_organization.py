"""Create an organization, which gets a log of its own."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Command, Context, Outcome
from gatebook.control.inputs import Line, Slug
from gatebook.core.envelope import PLATFORM
from gatebook.core.errors import Conflict
from gatebook.core.ids import new_id
from gatebook.identity.directory import Organization
from gatebook.ledger.events.organization import OrganizationCreated


class CreateOrganization(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Create an organization; all it does is recorded in a log of its own, named after it."""

    verb: ClassVar[str] = "organization create"
    says: ClassVar[str] = "Organization {organization} is created."
    subject: ClassVar[str] = "slug"
    examples: ClassVar[tuple[str, ...]] = ('organization create acme --name "Acme Ltd"',)

    slug: Annotated[Slug, Meta(description="Short name, in the name of its log for ever.")]
    name: Annotated[Line | None, Meta(description="Name to show; the slug if left out.")] = None

    def change(self, context: Context) -> Outcome:
        """A new organization; Conflict if the slug is taken."""
        if self.slug == PLATFORM or context.records.find(Organization, slug=self.slug):
            raise Conflict(
                "organization_exists", f"The slug {self.slug} is taken.", "Choose another one."
            )
        organization = Organization(
            id=new_id("org", context.entropy),
            slug=self.slug,
            name=self.name or self.slug,
            created_at=context.now_us,
        )
        return Outcome(
            event=partial(OrganizationCreated, object=organization.id, slug=self.slug),
            saves=(organization,),
            answer={"organization": organization.slug, "id": organization.id},
        )
