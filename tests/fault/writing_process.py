"""A writer of its own, to be killed: `python -m tests.fault.writing_process <database url>`.

Prints one line per receipt, when it has it: stream, sequence number, leaf hash. Goes on for ever.
"""

import sys
from threading import Semaphore

from gatebook.core.clock import SystemClock
from gatebook.core.ids import system_entropy
from gatebook.ledger.append import Draft, Writer
from gatebook.ledger.attempt import Outcome, Receipt
from gatebook.ledger.settings import LedgerSettings
from gatebook.storage.book import SqlStore
from gatebook.storage.database import open_database
from tests.recorder import EVENT, LOG
from tests.simulators.certifier import LocalCertifier

AT_ONCE = 48


def main(url: str) -> None:
    """Write until killed."""
    room = Semaphore(AT_ONCE)

    def announce(outcomes: list[Outcome]) -> None:
        receipts = [outcome for _, outcome in outcomes if isinstance(outcome, Receipt)]
        lines = [f"{each.sid} {each.sq} {each.leaf.hex()}\n" for each in receipts]
        sys.stdout.write("".join(lines))
        sys.stdout.flush()
        room.release(len(outcomes))

    clock = SystemClock()
    writer = Writer(
        role="gateway",
        version="0.0.0",
        store=SqlStore(open_database(url), clock),
        certifier=LocalCertifier(clock),
        announce=announce,
        counts=dict,
        settings=LedgerSettings(batch_limit=16),
        clock=clock,
        entropy=system_entropy,
    )
    writer.start()
    while True:
        room.acquire()
        writer.submit([Draft(LOG, EVENT, True)])


if __name__ == "__main__":
    main(sys.argv[1])
