"""What a verification is asked: which files, whom to trust, and what was known before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatebook.ledger.profile import Schemas
from gatebook.ledger.trust import Trust
from gatebook.ledger.walk import LogFiles


@dataclass(frozen=True)
class Question:
    """What is to be verified, and how."""

    files: LogFiles
    trust: Trust
    is_pinned: bool
    """The policy is the auditor's own; otherwise it came with the log."""
    schemas: Schemas
    is_full: bool = False
    seen: Sequence[bytes] = ()
    """Checkpoints of this log that were seen before, as signed."""
    receipts: Mapping[str, bytes | None] = field(default_factory=dict)
    """References `<stream>.<number>`, with the leaf hash where it is known."""
