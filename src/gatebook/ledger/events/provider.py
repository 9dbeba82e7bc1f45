"""The model vendors calls may go to, and the credentials we hold for them."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change, Event


class ProviderAdded(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A provider was added; its credential is sealed and never shown."""

    name: ClassVar[str] = "provider.added"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = (
        "CC6.1",
        "CC9.2",
    )

    dialect: Annotated[str, Meta(description="protocol the provider speaks")]
    region: Annotated[str, Meta(description="where it is; empty if that is not known")] = ""

    @classmethod
    def example(cls) -> Self:
        """A vendor of chat models."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="prv_9zY8xW7vU6tS5rQ4pO3nM2",
            dialect="openai",
            region="us-east-1",
            body=EXAMPLE_BODY,
        )


class ProviderRemoved(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A provider was removed; calls go there no more and its credential is gone."""

    name: ClassVar[str] = "provider.removed"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = (
        "CC6.1",
        "CC9.2",
    )

    @classmethod
    def example(cls) -> Self:
        """A vendor no longer used."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="prv_9zY8xW7vU6tS5rQ4pO3nM2",
            body=EXAMPLE_BODY,
        )


class ProviderRekeyed(Change, frozen=True, kw_only=True, omit_defaults=True):
    """The credential we hold for a provider was replaced."""

    name: ClassVar[str] = "provider.rekeyed"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("CC6.1",)

    @classmethod
    def example(cls) -> Self:
        """A rotated API key."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="prv_9zY8xW7vU6tS5rQ4pO3nM2",
            body=EXAMPLE_BODY,
        )


class ProviderPromised(Change, frozen=True, kw_only=True, omit_defaults=True):
    """What availability a provider has promised was noted down."""

    name: ClassVar[str] = "provider.promised"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("A1.1", "CC9.2")

    availability_ppm: Annotated[
        int, Meta(description="share of the time, in millionths; 0: nothing is promised")
    ]

    @classmethod
    def example(cls) -> Self:
        """Three nines."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="prv_9zY8xW7vU6tS5rQ4pO3nM2",
            availability_ppm=999_000,
            body=EXAMPLE_BODY,
        )


class ProviderProbed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A provider was asked whether it is well; nothing of an agent's was sent."""

    name: ClassVar[str] = "provider.probed"
    ocsf_class: ClassVar[int] = 6003  # API Activity
    controls: ClassVar[tuple[str, ...]] = ("A1.1", "CC7.2")

    provider: Annotated[str, Meta(description="id of the provider")]
    result: Annotated[
        str,
        Meta(description="well | busy | failing | credential_rejected | unreachable | silent"),
    ]
    status: Annotated[int, Meta(description="HTTP status it answered with; 0: none came")] = 0
    latency_ms: Annotated[int, Meta(description="from sending to the head of the answer")]

    @classmethod
    def example(cls) -> Self:
        """A vendor that answers."""
        return cls(provider="prv_9zY8xW7vU6tS5rQ4pO3nM2", result="well", status=200, latency_ms=112)
