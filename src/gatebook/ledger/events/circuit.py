"""A provider is left alone for a while because it fails."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import Event


class CircuitOpened(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Calls go to a provider no more for a while, because it failed or asked to be left alone."""

    name: ClassVar[str] = "circuit.opened"
    ocsf_class: ClassVar[int] = 6002  # Application Lifecycle
    controls: ClassVar[tuple[str, ...]] = ("A1.1", "CC7.2")

    provider: Annotated[str, Meta(description="id of the provider")]
    model: Annotated[str, Meta(description="model that fails there; empty: all it was asked for")]
    failures: Annotated[int, Meta(description="failures in a row until then")]

    @classmethod
    def example(cls) -> Self:
        """A model that is overloaded."""
        return cls(provider="prv_9zY8xW7vU6tS5rQ4pO3nM2", model="gpt-4o-mini", failures=5)


class CircuitClosed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A provider that was left alone answers again."""

    name: ClassVar[str] = "circuit.closed"
    ocsf_class: ClassVar[int] = 6002  # Application Lifecycle
    controls: ClassVar[tuple[str, ...]] = ("A1.1", "CC7.2")

    provider: Annotated[str, Meta(description="id of the provider")]
    model: Annotated[str, Meta(description="model that failed there; empty: all it was asked for")]
    failures: Annotated[int, Meta(description="failures in a row until it answered")]

    @classmethod
    def example(cls) -> Self:
        """A model that has recovered."""
        return cls(provider="prv_9zY8xW7vU6tS5rQ4pO3nM2", model="gpt-4o-mini", failures=7)
