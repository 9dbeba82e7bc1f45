"""A person becomes known."""

from typing import ClassVar, Self

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change


class PersonRegistered(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A person who answers for agents was registered; name and address are in the body."""

    name: ClassVar[str] = "person.registered"
    ocsf_class: ClassVar[int] = 3001  # Account Change
    controls: ClassVar[tuple[str, ...]] = ("CC6.2",)

    @classmethod
    def example(cls) -> Self:
        """The owner of an agent."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="per_7Hq3ZcT1vB6kRjM4xPn0Ly",
            body=EXAMPLE_BODY,
        )
