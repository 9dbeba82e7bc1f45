"""An integrator that is killed at every step: `python -m tests.fault.crashing_integrator ...`.

Each round is a process of its own: it records a few entries, begins to publish and is killed one
step later than the last one; the round that survives ends it. Prints how many rounds there were.
"""

import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from gatebook.app.notary_client import NotaryClient
from gatebook.app.notary_pin import NotaryPin
from gatebook.app.publish import LogPublisher
from gatebook.core.clock import SystemClock
from gatebook.ledger.checkpoint import Checkpoint
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.integrate import Run
from gatebook.ledger.note import NoteSigner
from gatebook.storage.book import SqlStore
from gatebook.storage.database import open_database
from gatebook.storage.folder import LogFolder
from gatebook.storage.sequence import Sequencer
from tests.fault.fuse import Fuse
from tests.recorder import LOG, Recorder


class CrashingSequencer(Sequencer):
    """Steps before and after every transaction that writes."""

    fuse: Fuse

    def commit(self, log: str, size: int, planned: Sequence[Run]) -> int:
        """See Sequencer."""
        self.fuse.step()
        new_size = super().commit(log, size, planned)
        self.fuse.step()
        return new_size

    def publish(self, log: str, size: int, at_us: int) -> None:
        """See Sequencer."""
        self.fuse.step()
        super().publish(log, size, at_us)
        self.fuse.step()


class CrashingFolder(LogFolder):
    """Steps around every file: before it, half-way through, before its name and after it."""

    fuse: Fuse

    def _put(self, path: str, data: bytes) -> None:
        self.fuse.step()
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        self._new.write_bytes(data[: len(data) // 2])
        self.fuse.step()
        super()._put(path, data)
        self.fuse.step()

    def _sync(self, paths: Iterable[str]) -> None:
        self.fuse.step()
        super()._sync(paths)
        self.fuse.step()


class CrashingClient(NotaryClient):
    """Steps before the notary is asked and after it has answered."""

    fuse: Fuse

    def add_checkpoint(
        self, old_size: int, proof: Sequence[bytes], checkpoint: Checkpoint
    ) -> bytes:
        """See NotaryClient."""
        self.fuse.step()
        note = super().add_checkpoint(old_size, proof, checkpoint)
        self.fuse.step()
        return note


def publish(data: Path, url: str, address: str, key: SigningKey, fuse: Fuse) -> None:
    """Record a few entries and publish them, as far as the fuse allows."""
    clock = SystemClock()
    database = open_database(url)
    signer = NoteSigner("log.example/installation", key)
    notary = CrashingClient(address, signer, NotaryPin(data / "keys" / "notary"))
    recorder = Recorder(SqlStore(database, clock), clock=clock, certifier=notary).start()
    recorder.wait([recorder.submit() for _ in range(90)])
    recorder.close()
    sequencer, folder = CrashingSequencer(database), CrashingFolder(data / "log" / LOG)
    sequencer.fuse = folder.fuse = notary.fuse = fuse
    LogPublisher(LOG, sequencer, folder, notary, clock).publish()


def main(data: Path, url: str, address: str, seed: str) -> None:
    """One round after the other."""
    key = SigningKey(bytes.fromhex(seed))
    rounds, status = 0, -1
    while status:
        rounds += 1
        child = os.fork()
        if not child:
            publish(data, url, address, key, Fuse(rounds))
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        assert status in {0, signal.SIGKILL}, status
    print(rounds)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
