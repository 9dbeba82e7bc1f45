"""Set what an organization pays for a model."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.inputs import Dollars, ModelPattern
from gatebook.control.lookup import price_of, provider_called
from gatebook.core.ids import new_id
from gatebook.identity.directory import PriceOverride
from gatebook.ledger.events.price import PriceAgreed
from gatebook.policy.limits.prices import micros


class SetPrice(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Set the price of a model, in US dollars for a million tokens.

    It comes before the price tables, and holds for calls from now on. A name comes before a
    pattern, and a price at one provider before one at all.
    """

    verb: ClassVar[str] = "price set"
    says: ClassVar[str] = "The price of {model} is set."
    subject: ClassVar[str] = "model"
    examples: ClassVar[tuple[str, ...]] = (
        "price set gpt-4o --input 2.50 --cached-input 1.25 --output 10",
        "price set 'llama*' --provider local --input 0 --output 0 --context-window 131072",
    )

    model: Annotated[ModelPattern, Meta(description="Model, or a pattern such as 'gpt-4o*'.")]
    input: Annotated[Dollars, Meta(description="Input that no cache holds.")]
    output: Annotated[Dollars, Meta(description="Output.")]
    cached_input: Annotated[
        Dollars | None, Meta(description="Input read from a cache; as input if left out.")
    ] = None
    cache_write: Annotated[
        Dollars | None, Meta(description="Input written to a cache; as input if left out.")
    ] = None
    cache_write_long: Annotated[
        Dollars | None, Meta(description="Input written to a cache that lasts longer.")
    ] = None
    context_window: Annotated[
        int, Meta(description="Tokens it reads at most; 0 if not known.", ge=0, lt=2**40)
    ] = 0
    hides_output: Annotated[
        bool, Meta(description="It writes, and charges for, more than it shows: it reasons.")
    ] = False
    provider: Annotated[str, Meta(description="Provider, if the price is not for all.")] = ""

    def change(self, context: Context) -> Outcome:
        """A price, or another one in its place; NotFound if there is no such provider."""
        provider_id = provider_called(context, self.provider).id if self.provider else ""
        found = price_of(context, self.model, provider_id)
        written = self.cache_write or self.input
        price = PriceOverride(
            id=found.id if found else new_id("prc", context.entropy),
            organization_id=context.organization_id,
            provider_id=provider_id,
            model=self.model,
            input=micros(self.input),
            cached_input=micros(self.cached_input or self.input),
            cache_write=micros(written),
            cache_write_long=micros(self.cache_write_long or written),
            output=micros(self.output),
            context_window=self.context_window,
            hides_output=self.hides_output,
            created_at=context.now_us,
        )
        return Outcome(
            event=partial(
                PriceAgreed,
                object=price.id,
                provider=provider_id,
                model=self.model,
                input=price.input,
                cached_input=price.cached_input,
                cache_write=price.cache_write,
                cache_write_long=price.cache_write_long,
                output=price.output,
            ),
            saves=(price,),
            answer={"model": self.model, "provider": self.provider or "all", "id": price.id},
        )
