"""Change what an agent may do."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import asdict, replace

from gatebook.control.command import Context, Outcome
from gatebook.control.lookup import agent_called
from gatebook.control.scoping import Scoping, changed
from gatebook.core.errors import Conflict
from gatebook.ledger.events.agent import AgentRescoped
from gatebook.policy.written import digest_of, in_words, scope_text


class RescopeAgent(Scoping, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Change what an agent may do; calls are decided by it within a second.

    What an option says replaces that part of the scope whole; parts that are not named stay as
    they are. `none` permits nothing, `any` and `never` take a limit away.
    """

    verb: ClassVar[str] = "agent rescope"
    says: ClassVar[str] = "Agent {agent} has another scope."
    subject: ClassVar[str] = "agent"
    examples: ClassVar[tuple[str, ...]] = (
        "agent rescope triage --model gpt-4o --model 'o4-*' --max-tokens 2000",
        "agent rescope triage --provider azure --region 'eu-*' --operation chat.completions",
        "agent rescope triage --hosted-tool web_search --hosted-tool 'mcp:*.example.com'",
        "agent rescope triage --hosted-tool none --state refused",
        "agent rescope triage --source 10.1.0.0/16 --source 192.0.2.7",
        "agent rescope triage --hours 'mon-fri 08:00-18:00 Europe/Zurich' --source any",
        "agent rescope triage --expires-at 2027-06-30T18:00:00Z --reason 'contract ends'",
    )

    agent: Annotated[str, Meta(description="Name or id of the agent.")]

    def change(self, context: Context) -> Outcome:
        """The agent with its new scope; Conflict if that is the one it has."""
        agent = agent_called(context, self.agent)
        scope = self.scope(agent.scope, context)
        dimensions = changed(agent.scope, scope)
        if not dimensions:
            raise Conflict(
                "scope_unchanged",
                f"That is what {agent.name} may do already.",
                f"See it: gatebook agent show {agent.name}",
            )
        words = in_words(asdict(scope))
        return Outcome(
            event=partial(
                AgentRescoped,
                object=agent.id,
                dimensions=dimensions,
                scope=digest_of(scope_text(scope)),
            ),
            saves=(replace(agent, scope=scope),),
            answer={
                "agent": agent.name,
                "id": agent.id,
                **{dimension: words[dimension] for dimension in dimensions},
            },
        )
