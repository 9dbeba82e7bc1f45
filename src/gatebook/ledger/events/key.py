"""The keys of agents: replaced in time, or taken back at once."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change


class KeyRotated(Change, frozen=True, kw_only=True, omit_defaults=True):
    """An agent got a new key; the keys it supersedes end with the grace period."""

    name: ClassVar[str] = "key.rotated"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("CC6.1",)

    key: Annotated[str, Meta(description="id of the new key")]
    key_expires_at: Annotated[
        int, Meta(description="end of the new key, microseconds since the epoch")
    ]
    supersedes: Annotated[list[str], Meta(description="ids of the keys that worked until now")]
    grace_ends_at: Annotated[
        int, Meta(description="end of those keys, microseconds; 0: there were none")
    ] = 0

    @classmethod
    def example(cls) -> Self:
        """The quarterly rotation of a key that is about to end."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="agt_2xV8nQmA0bLr5cYtKd9eWs",
            key="8sD1kW5TqYb0c",
            key_expires_at=1810809296000000,
            supersedes=["3fK9aQ7LmZx2b"],
            grace_ends_at=1803119696000000,
            body=EXAMPLE_BODY,
        )


class KeyRevoked(Change, frozen=True, kw_only=True, omit_defaults=True):
    """Keys of an agent were taken back and work no more."""

    name: ClassVar[str] = "key.revoked"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = (
        "CC6.1",
        "CC6.2",
        "CC6.3",
    )

    keys: Annotated[list[str], Meta(description="ids of the revoked keys")]
    cause: Annotated[str, Meta(description="leaked | unused | offboarding | other")]

    @classmethod
    def example(cls) -> Self:
        """A key found in a public repository."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="agt_2xV8nQmA0bLr5cYtKd9eWs",
            keys=["8sD1kW5TqYb0c"],
            cause="leaked",
            body=EXAMPLE_BODY,
        )
