"""Enroll agents, change what they may do, suspend and retire them, and their keys."""

from typing import TYPE_CHECKING, Any

import click
from msgspec import to_builtins
from msgspec.structs import asdict

from gatebook.cli.orders import Noun
from gatebook.cli.session import Session
from gatebook.cli.show import as_json, choose_organization, show_json, show_table
from gatebook.core.clock import SystemClock, to_text
from gatebook.core.errors import NotFound

if TYPE_CHECKING:
    from gatebook.identity.directory import Agent, AgentKey, Directory, Scope


@click.group(cls=Noun, name="agent")
def command() -> None:
    """Enroll agents, change what they may do, suspend and retire them, and their keys."""


@command.command("list")
@choose_organization
@as_json
@click.pass_obj
def list_agents(session: Session, organization: str, as_json: bool) -> None:
    """List the agents, who answers for them and how long their keys work."""
    directory, now_us = session.directory, SystemClock().now_us()
    agents = [_about(directory, agent, now_us) for agent in _of(directory, organization)]
    if as_json:
        for about in agents:
            show_json(about)
        return
    show_table(
        ("agent", "owner", "purpose", "models", "workspace", "status", "keys"),
        [
            (
                about["agent"],
                about["owner"],
                about["purpose"],
                ", ".join(about["scope"]["models"]),
                f"{about['organization']}/{about['workspace']}",
                "stopped" if about["stopped"] else about["status"],
                _keys_in_short(about["keys"]),
            )
            for about in agents
        ],
        empty="There are no agents yet: gatebook agent enroll --help",
    )


@command.command("show")
@click.argument("agent")
@choose_organization
@as_json
@click.pass_obj
def show_agent(session: Session, agent: str, organization: str, as_json: bool) -> None:
    """Show one AGENT, by name or id, with what it may do and all its keys."""
    from gatebook.policy.written import in_words

    directory, now_us = session.directory, SystemClock().now_us()
    found = [each for each in _of(directory, organization) if agent in (each.name, each.id)]
    if not found:
        raise NotFound(
            "agent_unknown", f"There is no agent {agent}.", "List them: gatebook agent list"
        )
    for each in found:
        about = _about(directory, each, now_us)
        if as_json:
            show_json(about)
            continue
        keys, _ = about.pop("keys"), about.pop("scope")
        show_table(("", ""), list(about.items()), empty="")
        click.echo()
        show_table(("scope", ""), list(in_words(asdict(each.scope)).items()), empty="")
        click.echo()
        show_table(
            ("key", "ends with", "state", "issued", "ends"),
            [(k["id"], k["last4"], k["state"], k["issued_at"], k["ends_at"]) for k in keys],
            empty="It has no key.",
        )


@command.command(
    epilog="""\b
Examples:
  gatebook agent quarantine triage"""
)
@click.argument("agent")
@choose_organization
@click.option("--reason", default="", help="Why; kept sealed with the entry.")
@as_json
@click.pass_obj
def quarantine(
    session: Session, *, agent: str, organization: str, reason: str, as_json: bool
) -> None:
    """Stop all calls of an AGENT that behaves suspiciously, by name or id, until it is looked into.

    It works like `gatebook stop engage agent`, and the agent is told that it is in quarantine.
    `gatebook stop release` ends it.
    """
    from gatebook.cli.stop import engage

    engage(session, "quarantine", agent, organization=organization, reason=reason, as_json=as_json)


def _of(directory: "Directory", slug: str) -> list["Agent"]:
    organizations = directory.organizations
    return [
        agent
        for agent in directory.agents.values()
        if slug in ("", organizations[agent.organization_id].slug)
    ]


def _about(directory: "Directory", agent: "Agent", now_us: int) -> dict[str, Any]:
    return {
        "agent": agent.name,
        "id": agent.id,
        "owner": directory.people[agent.owner_id].email,
        "purpose": agent.purpose,
        "scope": _scope(agent.scope),
        "organization": directory.organizations[agent.organization_id].slug,
        "workspace": directory.workspaces[agent.workspace_id].slug,
        "status": agent.status,
        "stopped": _stopped_by(directory, agent),
        "enrolled_at": to_text(agent.created_at),
        "keys": [
            {
                "id": key.id,
                "last4": key.last4,
                "state": _state(key, now_us),
                "issued_at": to_text(key.issued_at),
                "ends_at": to_text(key.revoked_at or key.valid_until),
            }
            for key in directory.keys.values()
            if key.agent_id == agent.id
        ],
    }


def _stopped_by(directory: "Directory", agent: "Agent") -> str:
    """The id of a stop that all calls of an agent are subject to; empty: there is none."""
    from gatebook.policy.stops import Stops, Target

    here = Target(agent.organization_id, agent.workspace_id, agent.id)
    stop = Stops(directory.engaged).meeting(here)
    return stop.id if stop else ""


def _state(key: "AgentKey", now_us: int) -> str:
    if key.status == "revoked":
        return "revoked"
    if now_us >= key.valid_until:
        return "ended"
    return "rotated" if key.ends_at else "active"


def _keys_in_short(keys: list[dict[str, str]]) -> str:
    live = [key for key in keys if key["state"] in ("active", "rotated")]
    if not live:
        return "none works"
    return f"{len(live)} until {max(key['ends_at'] for key in live)[:10]}"


def _scope(scope: "Scope") -> dict[str, Any]:
    end = scope.expires_at
    return {**to_builtins(scope), "expires_at": None if end is None else to_text(end)}
