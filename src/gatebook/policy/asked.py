"""All that policy decides upon but for who asks."""

from typing import NamedTuple

from gatebook.formats import Call
from gatebook.guard.inspect import Inspection
from gatebook.policy.patterns import Patterns


class Asked(NamedTuple):
    """What is asked, what was found in it, from where it comes and when."""

    call: Call
    inspection: Inspection
    address: str
    """Empty if it is not known, as for a socket of this machine."""
    now_us: int

    def has_only(self, classes: Patterns) -> bool:
        """Whether the text holds data of these classes only; what nobody looked at may hold any."""
        if not self.call.operation.has_body:
            return True
        found = self.inspection
        return bool(found.inspected_by) and all(map(classes.match, found.data_classes))
