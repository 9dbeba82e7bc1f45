"""Where calls go when their provider cannot take them."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change


class FallbackAdded(Change, frozen=True, kw_only=True, omit_defaults=True):
    """Calls for some models may go to another provider when theirs cannot take them."""

    name: ClassVar[str] = "fallback.added"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("A1.2", "CC9.2")

    provider: Annotated[str, Meta(description="id of the provider that takes them then")]

    @classmethod
    def example(cls) -> Self:
        """A second vendor."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="fbk_5tS4rQ3pO2nM1lK0jI9hG8",
            provider="prv_9zY8xW7vU6tS5rQ4pO3nM2",
            body=EXAMPLE_BODY,
        )


class FallbackRemoved(Change, frozen=True, kw_only=True, omit_defaults=True):
    """Calls go to a second provider no more."""

    name: ClassVar[str] = "fallback.removed"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("A1.2", "CC9.2")

    provider: Annotated[str, Meta(description="id of the provider that took them")]

    @classmethod
    def example(cls) -> Self:
        """A vendor that is not trusted any more."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="fbk_5tS4rQ3pO2nM1lK0jI9hG8",
            provider="prv_9zY8xW7vU6tS5rQ4pO3nM2",
            body=EXAMPLE_BODY,
        )
