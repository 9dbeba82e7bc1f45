"""How a key becomes a Principal: form, checksum, look-up, MAC, and only then its life.

Failures read the same to the caller and cost the same (a missing id is compared with a row that
matches nothing), so neither text nor time tells whether an id exists; only who has the secret of a
key is told that it has ended. The cause is for our records.
"""

from typing import Final, Literal

import msgspec

from gatebook.core.errors import Unidentified
from gatebook.identity.directory import Agent, AgentKey, Directory, Organization, Person, Workspace
from gatebook.identity.keys import Peppers, parse

Cause = Literal[
    "malformed", "signed", "unknown", "wrong_secret", "revoked", "expired", "superseded", "retired"
]

_COPY_IT: Final = (
    "Check that the whole key was copied, or ask the owner of the agent for a new one."
)
_RENEW: Final = "Use the key that took its place, or ask the owner of the agent for a new one."
_DO_NOT_SIGN: Final = (
    "A signature cannot be checked here: put the agent's key into AWS_BEARER_TOKEN_BEDROCK, so that"
    " it is sent as it is."
)

_NO_MAC: Final = bytes(32)


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that has proven to be itself, and the people and places that answer for it."""

    agent: Agent
    key: AgentKey
    owner: Person
    workspace: Workspace
    organization: Organization


class KeyRejected(Unidentified):
    """A key that does not identify anybody; `cause` and `key_id` are for our records only."""

    def __init__(
        self, cause: Cause, *, key_id: str = "", principal: Principal | None = None
    ) -> None:
        ended = principal is not None and cause in ("expired", "superseded")
        super().__init__(
            "key_expired" if ended else "invalid_api_key",
            "The API key has expired." if ended else "The API key is not valid.",
            _RENEW if ended else _DO_NOT_SIGN if cause == "signed" else _COPY_IT,
        )
        self.cause = cause
        self.key_id = key_id
        self.principal = principal


def identify(directory: Directory, peppers: Peppers, credential: str, now_us: int) -> Principal:
    """Who presents `credential`; raises KeyRejected, with the principal if the secret was right."""
    parts = parse(credential)
    if parts is None:
        raise KeyRejected("malformed")
    key = directory.keys.get(parts.id)
    if key is None:
        peppers.prove(parts, _NO_MAC, peppers.version)  # as long as for a key that exists
        raise KeyRejected("unknown", key_id=parts.id)
    if not peppers.prove(parts, key.mac, key.pepper_version):
        raise KeyRejected("wrong_secret", key_id=parts.id)
    principal = _principal(directory, key)
    cause = _why_not(principal, now_us)
    if cause is not None:
        raise KeyRejected(cause, key_id=key.id, principal=principal)
    return principal


def _principal(directory: Directory, key: AgentKey) -> Principal:
    agent = directory.agents[key.agent_id]
    return Principal(
        agent=agent,
        key=key,
        owner=directory.people[agent.owner_id],
        workspace=directory.workspaces[agent.workspace_id],
        organization=directory.organizations[agent.organization_id],
    )


def _why_not(principal: Principal, now_us: int) -> Cause | None:
    key = principal.key
    if key.status != "active":
        return "revoked"
    if principal.agent.status == "retired":
        return "retired"
    if now_us >= key.expires_at:
        return "expired"
    if key.ends_at is not None and now_us >= key.ends_at:
        return "superseded"
    return None
