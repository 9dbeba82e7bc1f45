"""Have an agent do nothing until it is resumed."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.lookup import living_agent_called
from gatebook.core.errors import Conflict
from gatebook.ledger.events.agent import AgentSuspended


class SuspendAgent(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Have an agent do nothing; calls under way are cut, and no others begin, within a second.

    Its keys and all else stay as they are: `gatebook agent resume` ends it.
    """

    verb: ClassVar[str] = "agent suspend"
    says: ClassVar[str] = "Agent {agent} is suspended."
    subject: ClassVar[str] = "agent"
    examples: ClassVar[tuple[str, ...]] = ("agent suspend triage --reason 'owner on leave'",)

    agent: Annotated[str, Meta(description="Name or id of the agent.")]

    def change(self, context: Context) -> Outcome:
        """The agent, suspended; Conflict if it is that already, or retired."""
        agent = living_agent_called(context, self.agent)
        if agent.status == "suspended":
            raise Conflict(
                "agent_suspended_before",
                f"{agent.name} is suspended already.",
                f"See it: gatebook agent show {agent.name}",
            )
        return Outcome(
            event=partial(AgentSuspended, object=agent.id),
            saves=(replace(agent, status="suspended"),),
            answer={"agent": agent.name, "id": agent.id},
        )
