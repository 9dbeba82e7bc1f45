"""A notary that is killed at one step: `... crashing_notary <folder> <log> <step>`.

Prints its address when it listens.
"""

import sys
from pathlib import Path

from gatebook.app.log_source import log_source
from gatebook.app.notary import NotaryDoor, refusal
from gatebook.app.notary_folder import NotaryFolder
from gatebook.app.serving import address_of, listen_on, serve, server_for
from gatebook.core.clock import SystemClock
from gatebook.ledger.notary import Answer, Head, Notary
from tests.fault.fuse import Fuse


class CrashingFolder(NotaryFolder):
    """Steps before a head is kept, half-way through, and after it."""

    fuse: Fuse

    def load(self, origin: str) -> Head | None:
        """See NotaryFolder."""
        self.fuse.step()
        return super().load(origin)

    def save(self, head: Head) -> None:
        """See NotaryFolder."""
        self.fuse.step()
        for path in (self.folder / "heads").glob("*.json"):
            whole = path.read_bytes()
            path.with_suffix(".new").write_bytes(whole[: len(whole) // 2])
        self.fuse.step()
        super().save(head)
        self.fuse.step()


class CrashingNotary(Notary):
    """One more step between the signature and the answer."""

    fuse: Fuse

    def add_checkpoint(self, body: bytes) -> Answer:
        """See Notary."""
        answer = super().add_checkpoint(body)
        self.fuse.step()
        return answer


def main(place: Path, log: str, steps: int) -> None:
    """Serve until the fuse burns through."""
    folder = CrashingFolder(place)
    notary = CrashingNotary(
        prefix=folder.prefix,
        installation=folder.installation,
        key=folder.key,
        second_key=folder.second_key,
        heads=folder,
        sources=log_source(log),
        clock=SystemClock(),
    )
    notary.fuse = folder.fuse = Fuse(steps)
    with listen_on("127.0.0.1", 0) as listener:

        def ready() -> None:
            print(address_of(listener), flush=True)

        serve(server_for(NotaryDoor(notary, folder), refusal, ready), listener)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
