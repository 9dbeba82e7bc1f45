"""Note down how well a provider has promised to answer."""

import re
from functools import partial
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from gatebook.control.command import Context, InOrganization, Outcome
from gatebook.control.lookup import provider_called
from gatebook.core.errors import Invalid
from gatebook.ledger.events.provider import ProviderPromised

_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?")
_PPM = 10_000
_WHOLE = 100 * _PPM


class PromiseProvider(InOrganization, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Note down the availability a provider has promised, in percent of the time.

    `gatebook provider health` shows what was measured beside it.
    """

    verb: ClassVar[str] = "provider promise"
    says: ClassVar[str] = "Provider {provider} is held to {availability} %."
    subject: ClassVar[str] = "provider"
    examples: ClassVar[tuple[str, ...]] = (
        "provider promise openai --availability 99.9",
        "provider promise local --availability 0",
    )

    provider: Annotated[str, Meta(description="Name of the provider.")]
    availability: Annotated[
        str, Meta(description="Percent of the time, such as 99.9; 0: nothing is promised.")
    ]

    def change(self, context: Context) -> Outcome:
        """The provider with its promise; Invalid for what is no percentage."""
        provider = provider_called(context, self.provider)
        ppm = _ppm(self.availability)
        changed = msgspec.structs.replace(provider, availability_ppm=ppm or None)
        return Outcome(
            event=partial(ProviderPromised, object=provider.id, availability_ppm=ppm),
            saves=(changed,),
            answer={"provider": provider.name, "availability": self.availability},
        )


def _ppm(percent: str) -> int:
    """Millionths, by whole numbers: 99.9 as a fraction of two would be another number."""
    if _PERCENT.fullmatch(percent):
        whole, _, part = percent.partition(".")
        ppm = int(whole) * _PPM + int(part.ljust(4, "0"))
        if ppm <= _WHOLE:
            return ppm
    raise Invalid(
        "percent_invalid",
        f"{percent} is no percentage.",
        "Give one from 0 to 100, such as 99.95, with four decimals at most.",
    )
