"""Take an agent out of service for good."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.lookup import keys_of, living_agent_called
from gatebook.ledger.events.agent import AgentRetired


class RetireAgent(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take an agent out of service for good: its keys are revoked, and it gets no other.

    It stays in the directory, so that the book can always be read. Nothing brings it back;
    `gatebook agent suspend` is for a while.
    """

    verb: ClassVar[str] = "agent retire"
    says: ClassVar[str] = "Agent {agent} is retired."
    subject: ClassVar[str] = "agent"
    needs_reason: ClassVar[bool] = True
    examples: ClassVar[tuple[str, ...]] = ("agent retire triage --reason 'replaced by router'",)

    agent: Annotated[str, Meta(description="Name or id of the agent.")]

    def change(self, context: Context) -> Outcome:
        """The agent, retired, and its keys, revoked; Conflict if it was retired before."""
        agent = living_agent_called(context, self.agent)
        revoked = [
            replace(key, status="revoked", revoked_at=context.now_us)
            for key in keys_of(context, agent)
        ]
        keys = [key.id for key in revoked]
        return Outcome(
            event=partial(AgentRetired, object=agent.id, keys=keys),
            saves=(replace(agent, status="retired", epoch=agent.epoch + 1), *revoked),
            answer={"agent": agent.name, "id": agent.id, "revoked": ", ".join(keys)},
        )
