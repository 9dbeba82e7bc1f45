"""Let an agent that was suspended work again."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.lookup import living_agent_called
from gatebook.core.errors import Conflict
from gatebook.ledger.events.agent import AgentResumed


class ResumeAgent(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let an agent that was suspended work again, with the keys and the scope it has.

    A stop of the agent is another thing and holds until it is released.
    """

    verb: ClassVar[str] = "agent resume"
    says: ClassVar[str] = "Agent {agent} works again."
    subject: ClassVar[str] = "agent"
    needs_reason: ClassVar[bool] = True
    examples: ClassVar[tuple[str, ...]] = ("agent resume triage --reason 'owner is back'",)

    agent: Annotated[str, Meta(description="Name or id of the agent.")]

    def change(self, context: Context) -> Outcome:
        """The agent, active; Conflict if it is not suspended."""
        agent = living_agent_called(context, self.agent)
        if agent.status != "suspended":
            raise Conflict(
                "agent_not_suspended",
                f"{agent.name} is not suspended.",
                f"See it: gatebook agent show {agent.name}; its stops: gatebook stop list",
            )
        return Outcome(
            event=partial(AgentResumed, object=agent.id),
            saves=(replace(agent, status="active"),),
            answer={"agent": agent.name, "id": agent.id},
        )
