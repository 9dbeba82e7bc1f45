"""Issues the key of an agent."""

from typing import NamedTuple

from gatebook.control.command import Context
from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Invalid
from gatebook.core.secret import Secret
from gatebook.identity.directory import Agent, AgentKey
from gatebook.identity.keys import mint


class Issued(NamedTuple):
    """What is stored of a key, and the key, which is not."""

    key: AgentKey
    token: Secret


def issue_key(context: Context, agent: Agent, life_seconds: int | None) -> Issued:
    """A fresh key for an agent; Invalid for a life beyond the installation's limit."""
    limit = context.settings.key_life_seconds
    if life_seconds is not None and life_seconds > limit:
        raise Invalid(
            "key_life_too_long",
            f"A key lives {limit // 86400} days at most here.",
            "The limit is key_life_seconds of [identity] in gatebook.toml.",
        )
    minted = mint(context.peppers, context.entropy)
    key = AgentKey(
        id=minted.id,
        agent_id=agent.id,
        mac=minted.mac,
        pepper_version=minted.pepper_version,
        last4=minted.last4,
        issued_at=context.now_us,
        expires_at=context.now_us + (life_seconds or limit) * SECOND_US,
    )
    return Issued(key, minted.token)
