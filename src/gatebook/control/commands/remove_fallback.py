"""Take back where calls for a model go when their provider cannot take them."""

from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.core.errors import NotFound
from gatebook.identity.directory import Fallback
from gatebook.ledger.events.fallback import FallbackRemoved


class RemoveFallback(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send calls there no more; what a fallback was stays in the log."""

    verb: ClassVar[str] = "fallback remove"
    says: ClassVar[str] = "Calls for {model} go there no more."
    subject: ClassVar[str] = "fallback"
    examples: ClassVar[tuple[str, ...]] = ("fallback remove fbk_2xV8nQmA0bLr5cYtKd9eWs",)

    fallback: Annotated[str, Meta(description="Id of the fallback.")]

    def change(self, context: Context) -> Outcome:
        """The fallback's row is deleted; NotFound if there is none."""
        here = context.organization_id
        found = context.records.find(Fallback, organization_id=here, id=self.fallback)
        if not found:
            raise NotFound(
                "fallback_unknown",
                f"There is no fallback {self.fallback}.",
                "List them: gatebook fallback list",
            )
        (fallback,) = found
        return Outcome(
            event=partial(FallbackRemoved, object=fallback.id, provider=fallback.provider_id),
            removes=(fallback,),
            answer={"model": fallback.model, "id": fallback.id},
        )
