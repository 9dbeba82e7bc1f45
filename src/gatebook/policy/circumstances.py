"""What a call is decided upon beside itself and who makes it."""

from typing import Final, NamedTuple

from gatebook.formats import Call
from gatebook.guard.inspect import Inspection
from gatebook.policy.patterns import Patterns

HARMLESS: Final = Inspection(inspected_by=("data",))
"""A text that was looked at and holds nothing."""


class Circumstances(NamedTuple):
    """What was found in a call, from where it comes and when."""

    inspection: Inspection
    address: str
    """Empty if it is not known, as for a socket of this machine."""
    now_us: int

    def show_only(self, call: Call, classes: Patterns) -> bool:
        """Whether the call holds data of these classes only; if nobody looked, it may hold any."""
        if not call.operation.has_body:
            return True
        found = self.inspection
        return bool(found.inspected_by) and all(map(classes.match, found.data_classes))
