"""Does this database hold what the notary has signed?

Whoever writes into an older one would give sequence numbers and indices a second meaning. So every
stream asks before it gets its key, and the gate asks for every log before it starts.
"""

from collections.abc import Iterable
from pathlib import Path

from gatebook.app.notary_client import NotaryClient
from gatebook.app.publish import check_last, check_not_behind
from gatebook.ledger.note import VerifierKey
from gatebook.storage.folder import LogFolder
from gatebook.storage.sequence import Sequencer


class RollbackGuard:
    """Implements `ledger.ports.Certifier`: the notary's, for logs that hold what it signed."""

    def __init__(self, notary: NotaryClient, sequencer: Sequencer, root: Path) -> None:
        """`root` holds the published logs."""
        self._notary = notary
        self._sequencer = sequencer
        self._root = root

    def certify(self, origin: str, key: VerifierKey) -> tuple[str, int]:
        """See ledger.ports.Certifier; raises Tampered unless the database holds what was signed."""
        self.check(origin)
        return self._notary.certify(origin, key)

    def check_all(self, published: Iterable[str] = ()) -> None:
        """Raise Tampered unless the database holds of every log what the notary has signed.

        `published` names logs that the database may not know any more (`folder.published_logs`).
        """
        for log in sorted({*self._sequencer.logs(), *published}):
            self.check(log)

    def check(self, log: str) -> None:
        """Raise Tampered unless the database holds of this log what the notary has signed."""
        head = self._notary.checkpoint(log)
        if head is None:
            return
        check_not_behind(log, self._sequencer.tree(log).size, head.size)
        if head.size:
            check_last(head, self._sequencer, LogFolder(self._root / log))
