"""The notary's word on how far a stream is under its signature: a signed note, by the log's key.

    gatebook.dev/stream-reach/v1
    <origin>
    <stream id>
    <count>

Entries numbered below the count are in the tree that was signed last, or were declared lost. An
answer from earlier says less and never more, so nobody gains by repeating one.
"""

from typing import Final

import msgspec

from gatebook.core.errors import Invalid, Tampered
from gatebook.ledger.checkpoint import parse_decimal
from gatebook.ledger.streams import State

WHOLE: Final = 2**53 - 1
"""The count of a stream that is closed: whatever its last number was, nothing of it is missing."""

_REACH: Final = "gatebook.dev/stream-reach/v1"


class Reach(msgspec.Struct, frozen=True):
    """How far a stream is signed."""

    origin: str
    sid: str
    count: int

    def to_text(self) -> str:
        """The note text that the notary signs."""
        return f"{_REACH}\n{self.origin}\n{self.sid}\n{self.count}\n"


def parse_reach(text: str) -> Reach:
    """The reach in a note text; raises Tampered for any other text."""
    parts = text.split("\n")
    if len(parts) != 5 or parts[0] != _REACH or parts[4]:
        raise Tampered("reach_malformed", "How far a stream is signed cannot be read.")
    try:
        return Reach(parts[1], parts[2], parse_decimal(parts[3]))
    except Invalid as error:
        raise Tampered("reach_malformed", error.detail) from None


def count_signed(state: State, sid: str) -> int:
    """How many entries of a stream, from the first on, the log holds or somebody declared lost."""
    if sid in state.ended:
        return WHOLE
    stream = state.streams.get(sid)
    count = 0 if stream is None else stream.sq + 1
    for first, last in sorted(state.declared.get(sid, [])):
        if first <= count <= last:
            count = last + 1
    return count
