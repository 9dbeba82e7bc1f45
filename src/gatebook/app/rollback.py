"""Is this database at least as new as what the notary has signed?

Whoever writes into an older one would give sequence numbers and indices a second meaning. So every
stream asks before it gets its key, and the gate asks for every log before it starts.
"""

from collections.abc import Iterable

from gatebook.app.notary_client import NotaryClient
from gatebook.app.publish import check_not_behind
from gatebook.ledger.note import VerifierKey
from gatebook.storage.sequence import Sequencer


class RollbackGuard:
    """Implements `ledger.ports.Certifier`: the notary's, for logs that are not behind it."""

    def __init__(self, notary: NotaryClient, sequencer: Sequencer) -> None:
        self._notary = notary
        self._sequencer = sequencer

    def certify(self, origin: str, key: VerifierKey) -> tuple[str, int]:
        """See ledger.ports.Certifier; raises Tampered if the notary has signed more of the log."""
        self.check(origin)
        return self._notary.certify(origin, key)

    def check_all(self, published: Iterable[str] = ()) -> None:
        """Raise Tampered if the notary has signed more of a log than the database holds.

        `published` names logs that the database may not know any more (`folder.published_logs`).
        """
        for log in sorted({*self._sequencer.logs(), *published}):
            self.check(log)

    def check(self, log: str) -> None:
        """Raise Tampered if the notary has signed more of this log than the database holds."""
        head = self._notary.checkpoint(log)
        check_not_behind(log, self._sequencer.tree(log).size, 0 if head is None else head.size)
