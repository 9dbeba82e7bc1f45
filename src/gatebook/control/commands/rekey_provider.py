"""Replace the credential held for a provider."""

from functools import partial
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.lookup import provider_called
from gatebook.core.secret import Secret
from gatebook.identity.directory import credential_cell
from gatebook.ledger.events.provider import ProviderRekeyed


class RekeyProvider(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Replace the credential held for a provider; running calls end with the old one."""

    verb: ClassVar[str] = "provider rekey"
    says: ClassVar[str] = "Provider {provider} has a new credential."
    subject: ClassVar[str] = "provider"
    examples: ClassVar[tuple[str, ...]] = ("provider rekey openai --key-file openai.key",)

    provider: Annotated[str, Meta(description="Name of the provider.")]
    key: Annotated[Secret, Meta(description="Its new API key")]

    def change(self, context: Context) -> Outcome:
        """The provider with its new credential sealed."""
        provider = provider_called(context, self.provider)
        sealed = context.data_key.seal(
            self.key.reveal().encode(), credential_cell(provider.id), context.entropy
        )
        changed = msgspec.structs.replace(provider, credential=sealed, data_key=context.data_key.id)
        return Outcome(
            event=partial(ProviderRekeyed, object=provider.id),
            saves=(changed,),
            answer={"provider": provider.name, "id": provider.id},
        )
