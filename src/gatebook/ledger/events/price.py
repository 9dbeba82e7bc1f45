"""What organizations pay for models, where they said so themselves."""

from typing import Annotated, ClassVar, Self

from msgspec import Meta

from gatebook.ledger.events import EXAMPLE_ACTOR, EXAMPLE_BODY, Change


class PriceAgreed(Change, frozen=True, kw_only=True, omit_defaults=True):
    """The price of a model was set; in millionths of a US dollar for a million tokens."""

    name: ClassVar[str] = "price.agreed"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("CC9.2",)

    provider: Annotated[str, Meta(description="id of the provider; absent: all providers")] = ""
    model: Annotated[str, Meta(description="model, or a pattern with *")]
    input: Annotated[int, Meta(description="input that no cache holds")]
    cached_input: Annotated[int, Meta(description="input read from a cache")]
    cache_write: Annotated[int, Meta(description="input written to a cache")]
    cache_write_long: Annotated[int, Meta(description="input written to one that lasts longer")]
    output: Annotated[int, Meta(description="output")]

    @classmethod
    def example(cls) -> Self:
        """A price of 2.50 and 10 dollars."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="prc_8hN3bV6cX1zL4kJ7hG0fD5",
            provider="prv_9zY8xW7vU6tS5rQ4pO3nM2",
            model="gpt-4o",
            input=2_500_000,
            cached_input=1_250_000,
            cache_write=2_500_000,
            cache_write_long=2_500_000,
            output=10_000_000,
            body=EXAMPLE_BODY,
        )


class PriceRemoved(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A price that was set was removed; what the price tables say holds again."""

    name: ClassVar[str] = "price.removed"
    ocsf_class: ClassVar[int] = 3004  # Entity Management
    controls: ClassVar[tuple[str, ...]] = ("CC9.2",)

    @classmethod
    def example(cls) -> Self:
        """A price that ended with its contract."""
        return cls(
            actor=EXAMPLE_ACTOR,
            object="prc_8hN3bV6cX1zL4kJ7hG0fD5",
            body=EXAMPLE_BODY,
        )
