"""Create a workspace in an organization."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.inputs import Line, Slug
from gatebook.core.errors import Conflict
from gatebook.core.ids import new_id
from gatebook.identity.directory import Workspace
from gatebook.ledger.events.workspace import WorkspaceCreated


class CreateWorkspace(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Create a workspace: a part of an organization whose agents belong together."""

    verb: ClassVar[str] = "workspace create"
    says: ClassVar[str] = "Workspace {workspace} is created."
    subject: ClassVar[str] = "slug"
    examples: ClassVar[tuple[str, ...]] = ("workspace create support",)

    slug: Annotated[Slug, Meta(description="Short name, unique in the organization.")]
    name: Annotated[Line | None, Meta(description="Name to show; the slug if left out.")] = None

    def change(self, context: Context) -> Outcome:
        """A new workspace; Conflict if the slug is taken."""
        organization_id = context.organization_id
        if context.records.find(Workspace, organization_id=organization_id, slug=self.slug):
            raise Conflict(
                "workspace_exists", f"The slug {self.slug} is taken.", "Choose another one."
            )
        workspace = Workspace(
            id=new_id("wsp", context.entropy),
            organization_id=organization_id,
            slug=self.slug,
            name=self.name or self.slug,
            created_at=context.now_us,
        )
        return Outcome(
            event=partial(WorkspaceCreated, object=workspace.id),
            saves=(workspace,),
            answer={"workspace": workspace.slug, "id": workspace.id},
        )
