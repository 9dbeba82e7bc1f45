"""Take an agent's keys back, at once."""

from functools import partial
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.lookup import agent_called, keys_of
from gatebook.core.errors import Conflict
from gatebook.ledger.events.key import KeyRevoked


class RevokeKey(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take back all keys of an agent, or one of them; they stop working within a second.

    The agent stays enrolled: `gatebook agent rotate` gives it a new key.
    """

    verb: ClassVar[str] = "agent revoke"
    says: ClassVar[str] = "The keys {revoked} of agent {agent} are revoked."
    subject: ClassVar[str] = "agent"
    examples: ClassVar[tuple[str, ...]] = (
        "agent revoke triage --cause leaked --reason 'found in a public repository'",
    )

    agent: Annotated[str, Meta(description="Name or id of the agent.")]
    key: Annotated[str, Meta(description="Id of the one key to revoke; all if left out.")] = ""
    cause: Annotated[
        Literal["leaked", "unused", "offboarding", "other"], Meta(description="Why it ends.")
    ] = "other"

    def change(self, context: Context) -> Outcome:
        """Revoked keys; Conflict if none of them works any more."""
        agent = agent_called(context, self.agent)
        live = [key for key in keys_of(context, agent) if self.key in ("", key.id)]
        if not live:
            raise Conflict(
                "no_key_to_revoke",
                f"{agent.name} has no such key that works.",
                f"See its keys: gatebook agent show {agent.name}",
            )
        revoked = [
            msgspec.structs.replace(key, status="revoked", revoked_at=context.now_us)
            for key in live
        ]
        keys = [key.id for key in revoked]
        return Outcome(
            event=partial(KeyRevoked, object=agent.id, keys=keys, cause=self.cause),
            saves=(msgspec.structs.replace(agent, epoch=agent.epoch + 1), *revoked),
            answer={"agent": agent.name, "revoked": ", ".join(keys)},
        )
