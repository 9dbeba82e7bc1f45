"""Rehearsals of what has to work on the day it is needed."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change


class DrillCompleted(Change, frozen=True, kw_only=True, omit_defaults=True):
    """The kill switch was rehearsed: a stop about nobody was sent, and gates answered in time."""

    name: ClassVar[str] = "drill.completed"
    ocsf_class: ClassVar[int] = 6002  # Application Lifecycle
    controls: ClassVar[tuple[str, ...]] = ("CC7.4", "A1.3")

    passed: Annotated[bool, Meta(description="whether all that run answered, in time")]
    goal_ms: Annotated[int, Meta(description="the time they had")]
    answers: Annotated[
        dict[str, int], Meta(description="milliseconds each gateway needed, by its name and clock")
    ]
    missing: Annotated[list[str], Meta(description="names of gateways that run and did not answer")]

    @classmethod
    def example(cls) -> Self:
        """Two gates answered, one did not."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="stp_6fD1sA3gH5jK7lP9oI2uYt",
            passed=False,
            goal_ms=1000,
            answers={"gateway": 41, "gateway.2": 58},
            missing=["gateway.3"],
            body=EXAMPLE_BODY,
        )
