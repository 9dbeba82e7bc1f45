"""The check at every start: is this database at least as new as what the notary has signed?

Whoever writes into an older database would give indices a second meaning. So nobody starts on one.
"""

from collections.abc import Iterable

from gatebook.app.notary_client import NotaryClient
from gatebook.app.publish import check_not_behind
from gatebook.storage.sequence import Sequencer


def check_rollback(
    sequencer: Sequencer, notary: NotaryClient, published: Iterable[str] = ()
) -> None:
    """Raise Tampered if the notary has signed more of a log than the database holds.

    `published` names logs that the database may not know any more (`folder.published_logs`).
    """
    for log in sorted({*sequencer.logs(), *published}):
        head = notary.checkpoint(log)
        check_not_behind(log, sequencer.tree(log).size, 0 if head is None else head.size)
