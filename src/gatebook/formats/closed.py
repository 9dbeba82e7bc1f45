"""Addresses that are known and not served, with the reason; asking again would not help.

What nobody can inspect is not passed on. Neither is what a vendor keeps for the whole account that
our credential belongs to: agents share it, and knowing an id is no proof of owning the thing.
"""

from typing import Literal

from gatebook.core.errors import Invalid
from gatebook.formats import Call, Unstreamed


class Closed(Unstreamed):
    """A format, of calls that are refused whatever they say."""

    def __init__(self, why: Literal["not_inspectable", "account_wide"]) -> None:
        self._why = why

    def read(self, call: Call) -> Call:
        """Nothing: raises Invalid."""
        if self._why == "account_wide":
            raise Invalid(
                "account_wide",
                "What the provider keeps here belongs to its whole account, which agents share.",
                "Send what is needed in the call itself.",
            )
        raise Invalid(
            "not_inspectable",
            "What is sent or answered here is in a form that cannot be inspected.",
            "Use an address that takes and gives JSON: the documentation lists them.",
        )
