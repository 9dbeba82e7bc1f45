"""Calls are stopped and released, and each gate says when a stop was in force there."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change, Event

_KIND = Meta(
    description=(
        "platform | organization | workspace | provider | model | agent | quarantine | drill"
    )
)
_SUBJECT = Meta(description="id of what is stopped, or the pattern of the models; empty: all")
_STOP = "stp_6fD1sA3gH5jK7lP9oI2uYt"


class StopEngaged(Change, frozen=True, kw_only=True, omit_defaults=True):
    """Calls were stopped; they were cut and refused from then on, in each gate as it heard of it.

    On the machine where it was engaged that may have been before this entry: the database need not
    answer for it.
    """

    name: ClassVar[str] = "stop.engaged"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("CC7.3", "CC7.4")

    kind: Annotated[str, _KIND]
    subject: Annotated[str, _SUBJECT] = ""
    engaged_at: Annotated[
        int, Meta(description="when it was ordered, microseconds since the epoch")
    ]

    @classmethod
    def example(cls) -> Self:
        """An agent that went astray."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object=_STOP,
            kind="agent",
            subject="agt_2xV8nQmA0bLr5cYtKd9eWs",
            engaged_at=1803033296000000,
            body=EXAMPLE_BODY,
        )


class StopReleased(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A stop was released; somebody answers for it, and the reason is in the body."""

    name: ClassVar[str] = "stop.released"
    ocsf_class: ClassVar[int] = 3004
    controls: ClassVar[tuple[str, ...]] = ("CC7.4", "CC7.5")

    kind: Annotated[str, _KIND]
    subject: Annotated[str, _SUBJECT] = ""
    engaged_at: Annotated[
        int, Meta(description="when it was ordered, microseconds since the epoch")
    ]
    person: Annotated[str, Meta(description="person who answers for the release")]

    @classmethod
    def example(cls) -> Self:
        """The agent of the other example, mended."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object=_STOP,
            kind="agent",
            subject="agt_2xV8nQmA0bLr5cYtKd9eWs",
            engaged_at=1803033296000000,
            person="per_7Hq3ZcT1vB6kRjM4xPn0Ly",
            body=EXAMPLE_BODY,
        )


class StopApplied(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A gate has a stop in force: from then on it admitted no call that the stop is about."""

    name: ClassVar[str] = "stop.applied"
    ocsf_class: ClassVar[int] = 6002  # Application Lifecycle
    controls: ClassVar[tuple[str, ...]] = ("CC7.2", "CC7.4")

    stop: Annotated[str, Meta(description="id of the stop")]
    gateway: Annotated[str, Meta(description="name of the gateway")]
    delay_ms: Annotated[
        int,
        Meta(
            description="from its order until it was in force here, by the two machines' clocks; "
            "below 0 where they differ by more than that took"
        ),
    ]
    cut: Annotated[int, Meta(description="calls under way that were cut")] = 0
    cut_ms: Annotated[int, Meta(description="from then until the last of them was cut")] = 0

    @classmethod
    def example(cls) -> Self:
        """Two streams of the agent were cut."""
        return cls(stop=_STOP, gateway="gateway", delay_ms=41, cut=2, cut_ms=3)
