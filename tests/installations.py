"""An installation's book with everything around it real: notary, integrator, folder, database."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gatebook.app.export import export
from gatebook.app.log_source import log_source
from gatebook.app.notary import NotaryDoor, refusal
from gatebook.app.notary_client import NotaryClient
from gatebook.app.notary_folder import NotaryFolder, create, installation_vkey
from gatebook.app.notary_pin import NotaryPin
from gatebook.app.publish import LogPublisher
from gatebook.cli.verify import ExportedFolder
from gatebook.core.clock import Clock, SystemClock
from gatebook.core.ids import system_entropy
from gatebook.ledger.checkpoint import Checkpoint
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.notary import Notary
from gatebook.ledger.note import Note, NoteSigner
from gatebook.ledger.question import Question
from gatebook.ledger.report import Report
from gatebook.ledger.trust import Trust
from gatebook.ledger.verify import verify
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database
from gatebook.storage.folder import LogFolder
from gatebook.storage.sequence import Sequencer
from gatebook.web.server import Edge, server_config
from tests.gates import ServerThread
from tests.recorder import LOG, Recorder
from tests.simulators.questions import SCHEMAS

PREFIX = "log.example"


class Installation:
    """A data folder, a database, and a notary that listens."""

    def __init__(self, data: Path, database: Database, clock: Clock | None = None) -> None:
        self.data = data
        self.database = database
        self.clock = clock or SystemClock()
        self.key = SigningKey(bytes(31) + b"\7")
        self.root = data / "log"
        (data / "keys").mkdir(parents=True, exist_ok=True)
        create(data / "notary", installation_vkey(PREFIX, self.key), system_entropy)
        self.sequencer = Sequencer(database)
        self.start_notary()

    def start_notary(self) -> None:
        """Have the notary listen, with what its folder holds."""
        folder = NotaryFolder(self.data / "notary")
        notary = Notary(
            prefix=folder.prefix,
            installation=folder.installation,
            key=folder.key,
            second_key=folder.second_key,
            heads=folder,
            sources=log_source(str(self.root)),
            clock=self.clock,
        )
        edge = Edge(connections=10, head_seconds=5, body_seconds=5, refusal=refusal)
        door = NotaryDoor(notary, folder)
        self.server = ServerThread(server_config(door, host="", port=0, edge=edge, drain_seconds=1))
        self.notary = NotaryClient(
            self.server.url,
            NoteSigner(f"{PREFIX}/installation", self.key),
            NotaryPin(self.data / "keys" / "notary"),
        )

    def recorder(self, role: str = "gateway") -> Recorder[Any]:
        """A writer that has started."""
        store = SqlStore(self.database, self.clock)
        return Recorder(store, clock=self.clock, certifier=self.notary, role=role).start()

    def record(self, count: int, log: str = LOG, role: str = "gateway") -> list[str]:
        """References of that many entries, written by a writer of their own that then closes."""
        recorder = self.recorder(role)
        tickets = [recorder.submit(log=log) for _ in range(count)]
        outcomes = recorder.wait(tickets)
        recorder.close()
        return [getattr(outcome, "reference", "") for outcome in outcomes]

    def publisher(self, log: str = LOG) -> LogPublisher:
        """A publisher that has just looked at everything."""
        folder = LogFolder(self.root / log)
        return LogPublisher(log, self.sequencer, folder, self.notary, self.clock)

    def export(self, log: str = LOG) -> Path:
        """The log, exported afresh."""
        target = self.data / "export"
        shutil.rmtree(target, ignore_errors=True)
        export(LogFolder(self.root / log), self.notary.vkeys(log), target)
        return target

    def verify(self, log: str = LOG, seen: list[bytes] | None = None) -> Report:
        """What an auditor with a policy of their own says of the export."""
        files = ExportedFolder(self.export(log))
        trust = Trust.parse((self.data / "export" / "policy.txt").read_bytes())
        return verify(
            Question(
                files=files,
                trust=trust,
                is_pinned=True,
                schemas=SCHEMAS,
                is_full=True,
                seen=seen or (),
            )
        )

    def checkpoint(self, log: str = LOG) -> bytes:
        """The published checkpoint."""
        return (self.root / log / "checkpoint").read_bytes()


def size_of(note: bytes) -> int:
    """The size in a signed checkpoint."""
    return Checkpoint.parse(Note.parse(note).text).size


@pytest.fixture
def installation(tmp_path: Path, database: Database) -> Iterator[Installation]:
    """An installation without entries, once on each database."""
    with open_installation(tmp_path / "data", database) as opened:
        yield opened


@contextmanager
def open_installation(data: Path, database: Database) -> Iterator[Installation]:
    """An installation whose notary stops at the end."""
    installation = Installation(data, database)
    try:
        yield installation
    finally:
        installation.server.stop()
