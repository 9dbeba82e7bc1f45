"""Remove a provider and the credential held for it."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.lookup import provider_called
from gatebook.identity.directory import Fallback
from gatebook.ledger.events.provider import ProviderRemoved


class RemoveProvider(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Remove a provider; calls go there no more, and its sealed credential is deleted.

    Fallbacks to it go with it. What it was stays in the log. Revoke the credential at the
    provider too.
    """

    verb: ClassVar[str] = "provider remove"
    says: ClassVar[str] = "Provider {provider} is removed."
    subject: ClassVar[str] = "provider"
    examples: ClassVar[tuple[str, ...]] = ("provider remove openai",)

    provider: Annotated[str, Meta(description="Name of the provider.")]

    def change(self, context: Context) -> Outcome:
        """The provider's row is deleted with those that name it; NotFound if there is none."""
        provider = provider_called(context, self.provider)
        fallbacks = context.records.find(Fallback, provider_id=provider.id)
        return Outcome(
            event=partial(ProviderRemoved, object=provider.id),
            removes=(*fallbacks, provider),
            answer={"provider": provider.name, "id": provider.id},
        )
