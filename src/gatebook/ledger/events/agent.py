"""An agent comes into being, what it may do changes, and it rests or ends."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change


class AgentEnrolled(Change, frozen=True, kw_only=True, omit_defaults=True):
    """An agent was enrolled with a named owner and purpose, and got its first key."""

    name: ClassVar[str] = "agent.enrolled"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = (
        "CC6.1",
        "CC6.2",
        "CC6.3",
    )

    owner: Annotated[str, Meta(description="person who answers for the agent")]
    workspace: Annotated[str, Meta(description="workspace of the agent")]
    key: Annotated[str, Meta(description="id of its first key")]
    key_expires_at: Annotated[
        int, Meta(description="end of that key, microseconds since the epoch")
    ]

    scope: Annotated[str, Meta(description="digest of what it may do; policies begin with it")] = ""

    @classmethod
    def example(cls) -> Self:
        """A support bot."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="agt_2xV8nQmA0bLr5cYtKd9eWs",
            owner="per_7Hq3ZcT1vB6kRjM4xPn0Ly",
            workspace="wsp_0aB1cD2eF3gH4iJ5kL6mN7",
            key="3fK9aQ7LmZx2b",
            key_expires_at=1803033296000000,
            scope="qk5m0Qd1GmB7w6HfYt0cJ2Lx",
            body=EXAMPLE_BODY,
        )


class AgentRescoped(Change, frozen=True, kw_only=True, omit_defaults=True):
    """What an agent may do was changed; its scope before and after is in the body."""

    name: ClassVar[str] = "agent.rescoped"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = (
        "CC6.1",
        "CC6.2",
        "CC6.3",
    )

    dimensions: Annotated[list[str], Meta(description="what of the scope changed, such as models")]
    scope: Annotated[str, Meta(description="digest of the new scope; policies begin with it")]

    @classmethod
    def example(cls) -> Self:
        """A bot that may use another model from now on."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="agt_2xV8nQmA0bLr5cYtKd9eWs",
            dimensions=["max_tokens", "models"],
            scope="Zb8rN4uVo1Ws9eKi3Hg5Md7P",
            body=EXAMPLE_BODY,
        )


class AgentSuspended(Change, frozen=True, kw_only=True, omit_defaults=True):
    """An agent was suspended: its calls were cut, and none is made until it is resumed."""

    name: ClassVar[str] = "agent.suspended"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = (
        "CC6.1",
        "CC6.2",
        "CC6.3",
    )

    @classmethod
    def example(cls) -> Self:
        """Its owner is away."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="agt_2xV8nQmA0bLr5cYtKd9eWs",
            body=EXAMPLE_BODY,
        )


class AgentResumed(Change, frozen=True, kw_only=True, omit_defaults=True):
    """An agent that was suspended works again; the reason is in the body."""

    name: ClassVar[str] = "agent.resumed"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = (
        "CC6.1",
        "CC6.2",
        "CC6.3",
    )

    @classmethod
    def example(cls) -> Self:
        """Its owner is back."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="agt_2xV8nQmA0bLr5cYtKd9eWs",
            body=EXAMPLE_BODY,
        )


class AgentRetired(Change, frozen=True, kw_only=True, omit_defaults=True):
    """An agent was taken out of service for good, and its keys with it."""

    name: ClassVar[str] = "agent.retired"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = (
        "CC6.1",
        "CC6.2",
        "CC6.3",
    )

    keys: Annotated[list[str], Meta(description="ids of the keys that were revoked with it")]

    @classmethod
    def example(cls) -> Self:
        """Another agent took its place."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="agt_2xV8nQmA0bLr5cYtKd9eWs",
            keys=["8sD1kW5TqYb0c"],
            body=EXAMPLE_BODY,
        )
