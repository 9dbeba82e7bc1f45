"""Remove a price that was set."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.inputs import ModelPattern
from gatebook.control.lookup import price_of, provider_called
from gatebook.core.errors import NotFound
from gatebook.ledger.events.price import PriceRemoved


class RemovePrice(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Remove a price that was set; what the price tables say holds again."""

    verb: ClassVar[str] = "price remove"
    says: ClassVar[str] = "The price of {model} is removed."
    subject: ClassVar[str] = "model"
    examples: ClassVar[tuple[str, ...]] = ("price remove gpt-4o",)

    model: Annotated[ModelPattern, Meta(description="Model or pattern, as it was set.")]
    provider: Annotated[str, Meta(description="Provider, if it was set for one.")] = ""

    def change(self, context: Context) -> Outcome:
        """The price's row is deleted; NotFound if there is none."""
        provider_id = provider_called(context, self.provider).id if self.provider else ""
        found = price_of(context, self.model, provider_id)
        if found is None:
            raise NotFound(
                "price_not_set",
                f"No price is set for {self.model}.",
                "List what is: gatebook price list",
            )
        return Outcome(
            event=partial(PriceRemoved, object=found.id),
            removes=(found,),
            answer={"model": self.model, "provider": self.provider or "all", "id": found.id},
        )
