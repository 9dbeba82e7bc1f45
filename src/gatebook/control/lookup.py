"""Finds what a command names, within the command's organization only."""

from gatebook.control.command import Context
from gatebook.core.errors import Conflict, Invalid, NotFound
from gatebook.identity.directory import Agent, AgentKey, PriceOverride, Provider, Workspace


def agent_called(context: Context, name: str) -> Agent:
    """The agent with this id or name; raises NotFound."""
    where = {"id": name} if name.startswith("agt_") else {"name": name}
    found = context.records.find(Agent, organization_id=context.organization_id, **where)
    if not found:
        raise NotFound(
            "agent_unknown", f"There is no agent {name}.", "List them: gatebook agent list"
        )
    return found[0]


def living_agent_called(context: Context, name: str) -> Agent:
    """The agent with this id or name; raises NotFound, or Conflict if it is retired."""
    agent = agent_called(context, name)
    if agent.status == "retired":
        raise Conflict(
            "agent_retired", f"{agent.name} is retired, and stays so.", "Enroll another agent."
        )
    return agent


def keys_of(context: Context, agent: Agent) -> list[AgentKey]:
    """The agent's keys that were neither revoked nor have ended."""
    keys = context.records.find(AgentKey, agent_id=agent.id)
    return [key for key in keys if key.is_live(context.now_us)]


def provider_called(context: Context, name: str) -> Provider:
    """The provider with this name; raises NotFound."""
    found = context.records.find(Provider, organization_id=context.organization_id, name=name)
    if not found:
        raise NotFound(
            "provider_unknown", f"There is no provider {name}.", "List them: gatebook provider list"
        )
    return found[0]


def workspace_called(context: Context, slug: str) -> Workspace:
    """The workspace with this slug, the only one if none is given; raises NotFound or Invalid."""
    named = {"slug": slug} if slug else {}
    found = context.records.find(Workspace, organization_id=context.organization_id, **named)
    if not found:
        raise NotFound(
            "workspace_unknown",
            f"There is no workspace {slug}.",
            f"Create it: gatebook workspace create {slug}",
        )
    if len(found) > 1:
        slugs = ", ".join(workspace.slug for workspace in found[:5])
        raise Invalid("workspace_unclear", f"Which workspace? There are {slugs}.")
    return found[0]


def price_of(context: Context, model: str, provider_id: str) -> PriceOverride | None:
    """The price that was set for a model, at a provider or at all of them."""
    found = context.records.find(
        PriceOverride,
        organization_id=context.organization_id,
        provider_id=provider_id,
        model=model,
    )
    return found[0] if found else None
