"""Enroll an agent with a named owner and purpose, and issue its first key."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Context, Need, Outcome
from gatebook.control.inputs import Email, KeyLife, Line, ModelPattern, Slug
from gatebook.control.issue import issue_key
from gatebook.control.lookup import workspace_called
from gatebook.control.ports import Records
from gatebook.control.scoping import STANDARD, Scoping
from gatebook.core.clock import to_text
from gatebook.core.errors import Conflict
from gatebook.core.ids import new_id
from gatebook.identity.directory import Agent, Person, Workspace
from gatebook.ledger.events.agent import AgentEnrolled
from gatebook.policy.written import digest_of, scope_text


class EnrollAgent(Scoping, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Enroll an agent; its key is shown once, now.

    What is not said of its scope is written out: it may use every provider, operation and region,
    send every class of data and call from anywhere at any time, without limit; it may not have
    vendors run tools or keep state.

    An owner who is not yet known is registered. On a fresh installation the organization and the
    workspace `default` are created. Each of these has its own entry in the log.
    """

    verb: ClassVar[str] = "agent enroll"
    says: ClassVar[str] = "Agent {agent} is enrolled."
    subject: ClassVar[str] = "name"
    examples: ClassVar[tuple[str, ...]] = (
        "agent enroll --owner alice@example.com --purpose 'answers mail' --model 'gpt-*'",
        "agent enroll triage --owner bob@example.com --purpose triage --model gpt-4o",
        "agent enroll --owner al@example.com --purpose ads --model '*' --max-tokens 900",
    )

    owner: Annotated[Email, Meta(description="Person who answers for the agent.")]
    purpose: Annotated[Line, Meta(description="What the agent is for, in one line.")]
    model: Annotated[
        tuple[ModelPattern, ...],
        Meta(description="Model it may ask for, such as 'gpt-*'; may be repeated.", min_length=1),
    ]
    name: Annotated[
        Slug | None, Meta(description="Name of the agent; one is made up if left out.")
    ] = None
    workspace: Annotated[str, Meta(description="Workspace, if there is more than one.")] = ""
    key_life_seconds: Annotated[
        KeyLife | None, Meta(description="Life of the key, at most the installation's limit.")
    ] = None

    def needs(self, records: Records) -> Need | None:
        """Organization, workspace and owner, unless they exist."""
        need = super().needs(records)
        organization = None if need else self.within(records)
        if organization is None:
            return need
        here = {"organization_id": organization.id}
        if not self.workspace and not records.find(Workspace, **here):
            return Need("create_workspace", {"organization": organization.slug, "slug": "default"})
        if not records.find(Person, **here, email=self.owner.lower()):
            return Need("register_person", {"organization": organization.slug, "email": self.owner})
        return None

    def change(self, context: Context) -> Outcome:
        """A new agent with its first key; Conflict if the name is taken."""
        organization_id = context.organization_id
        id_ = new_id("agt", context.entropy)
        name = self.name or f"agent-{id_[-6:].lower()}"
        if context.records.find(Agent, organization_id=organization_id, name=name):
            raise Conflict("agent_exists", f"An agent is called {name}.", "Choose another name.")
        (owner,) = context.records.find(
            Person, organization_id=organization_id, email=self.owner.lower()
        )
        agent = Agent(
            id=id_,
            organization_id=organization_id,
            workspace_id=workspace_called(context, self.workspace).id,
            owner_id=owner.id,
            name=name,
            purpose=self.purpose,
            scope=self.scope(STANDARD, context),
            created_at=context.now_us,
        )
        issued = issue_key(context, agent, self.key_life_seconds)
        return Outcome(
            event=partial(
                AgentEnrolled,
                object=agent.id,
                owner=owner.id,
                workspace=agent.workspace_id,
                key=issued.key.id,
                key_expires_at=issued.key.expires_at,
                scope=digest_of(scope_text(agent.scope)),
            ),
            saves=(agent, issued.key),
            answer={
                "agent": name,
                "id": agent.id,
                "key_id": issued.key.id,
                "key_expires_at": to_text(issued.key.expires_at),
            },
            shown_once=issued.token,
        )
