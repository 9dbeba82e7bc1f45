"""Say where calls for a model go when their provider cannot take them."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.inputs import ModelName, ModelPattern
from gatebook.control.lookup import provider_called
from gatebook.core.errors import Conflict
from gatebook.core.ids import new_id
from gatebook.identity.directory import Fallback
from gatebook.ledger.events.fallback import FallbackAdded


class AddFallback(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send calls for a model to another provider when theirs cannot take them.

    That is when nothing was sent, or when the provider said that it did not carry the call out.
    Several for one model are tried in the order in which they were added; the agent has to be
    permitted the model and the provider it ends up with.
    """

    verb: ClassVar[str] = "fallback add"
    says: ClassVar[str] = "Calls for {model} go to {provider} when they have to."
    subject: ClassVar[str] = "model"
    examples: ClassVar[tuple[str, ...]] = (
        "fallback add 'gpt-*' --provider azure",
        "fallback add gpt-5.2 --provider claude --target claude-sonnet-5-5",
    )

    model: Annotated[ModelPattern, Meta(description="Model that is asked for, such as 'gpt-*'.")]
    provider: Annotated[str, Meta(description="Provider that takes the call then.")]
    target: Annotated[
        ModelName, Meta(description="Model to ask for there; the same one if left out.")
    ] = ""

    def change(self, context: Context) -> Outcome:
        """A new fallback, behind those there are; Conflict if it is one of them."""
        provider = provider_called(context, self.provider)
        same = {"model": self.model, "provider_id": provider.id, "target": self.target}
        if context.records.find(Fallback, organization_id=context.organization_id, **same):
            raise Conflict(
                "fallback_exists",
                f"Calls for {self.model} go to {provider.name} already.",
                "List them: gatebook fallback list",
            )
        fallback = Fallback(
            id=new_id("fbk", context.entropy),
            organization_id=context.organization_id,
            created_at=context.now_us,
            **same,
        )
        return Outcome(
            event=partial(FallbackAdded, object=fallback.id, provider=provider.id),
            saves=(fallback,),
            answer={"model": self.model, "provider": provider.name, "id": fallback.id},
        )
