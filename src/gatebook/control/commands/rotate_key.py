"""Give an agent a new key; the old one keeps working for a grace period."""

from functools import partial
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.inputs import Grace, KeyLife
from gatebook.control.issue import issue_key
from gatebook.control.lookup import keys_of, living_agent_called
from gatebook.core.clock import SECOND_US, to_text
from gatebook.ledger.events.key import KeyRotated


class RotateKey(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give an agent a new key, shown once, now; the old one works until the grace has passed.

    For a key that has leaked use `gatebook agent revoke`, which knows no grace.
    """

    verb: ClassVar[str] = "agent rotate"
    says: ClassVar[str] = "Agent {agent} has a new key."
    subject: ClassVar[str] = "agent"
    examples: ClassVar[tuple[str, ...]] = ("agent rotate triage", "agent rotate triage --grace 2h")

    agent: Annotated[str, Meta(description="Name or id of the agent.")]
    grace_seconds: Annotated[
        Grace | None, Meta(description="How long the old key keeps working, such as 2h.")
    ] = None
    key_life_seconds: Annotated[
        KeyLife | None, Meta(description="Life of the key, at most the installation's limit.")
    ] = None

    def change(self, context: Context) -> Outcome:
        """A new key, and an end for those it supersedes; an earlier end stays as it is.

        Conflict if the agent is retired.
        """
        agent = living_agent_called(context, self.agent)
        issued = issue_key(context, agent, self.key_life_seconds)
        grace = self.grace_seconds
        if grace is None:
            grace = context.settings.rotation_grace_seconds
        old = keys_of(context, agent)
        ends_at = context.now_us + grace * SECOND_US
        ended = [
            msgspec.structs.replace(
                key,
                ends_at=min(ends_at, key.valid_until),
                superseded_by=issued.key.id,
            )
            for key in old
        ]
        return Outcome(
            event=partial(
                KeyRotated,
                object=agent.id,
                key=issued.key.id,
                key_expires_at=issued.key.expires_at,
                supersedes=[key.id for key in old],
                grace_ends_at=ends_at if old else 0,
            ),
            saves=(issued.key, *ended),
            answer={
                "agent": agent.name,
                "key_id": issued.key.id,
                "key_expires_at": to_text(issued.key.expires_at),
                "old_keys": ", ".join(
                    f"{key.id} until {to_text(key.valid_until)}" for key in ended
                ),
            },
            shown_once=issued.token,
        )
