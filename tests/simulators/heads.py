"""A notary's memory that lasts as long as a test, and may fail."""

import msgspec

from gatebook.core.errors import Unavailable
from gatebook.ledger.notary import Head


class MemoryHeads:
    """Implements `ledger.notary.Heads`; what it gives are copies, as from a file."""

    def __init__(self) -> None:
        self.saved: dict[str, bytes] = {}
        self.is_up = True

    def load(self, origin: str) -> Head | None:
        """See ledger.notary.Heads."""
        found = self.saved.get(origin)
        return None if found is None else msgspec.json.decode(found, type=Head)

    def save(self, head: Head) -> None:
        """See ledger.notary.Heads."""
        if not self.is_up:
            raise Unavailable("notary_memory", "The notary's memory was told to fail.")
        self.saved[head.origin] = msgspec.json.encode(head)
