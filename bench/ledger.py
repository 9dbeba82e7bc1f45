"""The ledger rows: how fast one writer appends, how fast one core verifies what it wrote.

The writer, the store, the integrator, the notary and the verifier are those of the program, on the
disk that holds `.bench/`. Runs as a process of its own on one core:
`python -m bench.ledger SETTINGS ENTRIES REPEATS`.
"""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec

from bench.children import fresh_environment, on_core
from bench.figures import LedgerRates, Skipped
from bench.installation import Installation
from gatebook import __version__
from gatebook.app.child import Child
from gatebook.app.config import Config, load_config
from gatebook.app.export import export_log
from gatebook.app.integrator import Integrator
from gatebook.app.keyring import load_keyring
from gatebook.app.notary_client import NotaryClient, open_notary
from gatebook.app.wiring import open_installation
from gatebook.cli.verify import ExportedFolder
from gatebook.core.clock import SystemClock
from gatebook.core.errors import GatebookError, Unavailable
from gatebook.core.ids import system_entropy
from gatebook.core.registry import classes
from gatebook.ledger import events
from gatebook.ledger.append import Draft, Writer
from gatebook.ledger.attempt import Outcome
from gatebook.ledger.events.call import CallConcluded, CallIntended
from gatebook.ledger.question import Question
from gatebook.ledger.statement import POLICY
from gatebook.ledger.trust import Trust
from gatebook.ledger.verify import verify
from gatebook.storage.book import SqlStore
from gatebook.storage.database import Database

_SLUG: Final = "bench"
_SECONDS: Final = 900
_AHEAD: Final = 1024
"""Entries that wait at most, as if so many calls were under way."""


def measure(folder: Path, *, core: int, quick: bool) -> LedgerRates | Skipped:
    """Append signed entries durably to a book in `folder`, then verify it fast and full."""
    installation = Installation(folder, port=0, log_port=0)
    entries, repeats = (10_000, 1) if quick else (50_000, 3)
    argv = [sys.executable, "-m", "bench.ledger", str(installation.settings)]
    with on_core(core):
        done = subprocess.run(
            [*argv, str(entries), str(repeats)],
            env=fresh_environment(folder),
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    if done.returncode:
        return Skipped(f"failed: {done.stderr.decode().strip()[-200:]}")
    return msgspec.json.decode(done.stdout, type=LedgerRates)


def main() -> None:
    """Entry of the child process: print `LedgerRates` as JSON."""
    settings, entries, repeats = sys.argv[1:]
    loaded = load_config(Path(settings))
    config = loaded.config
    with open_installation(config) as database:
        notary = open_notary(config, load_keyring(config, system_entropy).installation)
        with _running(Child("notary", loaded.arguments)):
            appended = _append(config, database, notary, int(entries), int(repeats))
            _publish(config, database, notary)
    book = config.data / "export"
    export_log(config, _SLUG, book)
    rates = LedgerRates(
        append=median(appended),
        verify_fast=median(_verify(book, is_full=False) for _ in range(int(repeats))),
        verify_full=median(_verify(book, is_full=True) for _ in range(int(repeats))),
    )
    shutil.rmtree(config.data)
    sys.stdout.write(msgspec.json.encode(rates).decode())


@contextmanager
def _running(child: Child) -> Iterator[None]:
    child.wait_ready(30)
    try:
        yield
    finally:
        child.stop(5)


class _Window:
    """Lets so many entries wait and no more; remembers what was not recorded."""

    def __init__(self) -> None:
        self._places = threading.Semaphore(_AHEAD)
        self._failures: list[GatebookError] = []

    def enter(self) -> None:
        """Wait for a place."""
        self._places.acquire()

    def receive(self, outcomes: list[Outcome]) -> None:
        """Called by the writer's thread once entries are durable, or are not."""
        self._failures += [each for _, each in outcomes if isinstance(each, GatebookError)]
        self._places.release(len(outcomes))

    def drain(self) -> None:
        """Wait until every entry has its receipt; raises what kept one from it."""
        for _ in range(_AHEAD):
            self._places.acquire()
        self._places.release(_AHEAD)
        if self._failures:
            raise self._failures[0]


def _append(
    config: Config, database: Database, notary: NotaryClient, entries: int, repeats: int
) -> list[float]:
    """Entries per second of each repeat: from the first submitted to the last receipt."""
    window = _Window()
    writer = _writer(config, database, notary, window.receive)
    log = f"{config.ledger.origin}/{_SLUG}"
    calls = cycle([CallIntended.example(), CallConcluded.example()])
    writer.start()
    rates = []
    try:
        # The first entry opens the stream, which is not what is measured.
        for count in (1, *([entries] * repeats)):
            began = time.monotonic()
            for event in islice(calls, count):
                window.enter()
                writer.submit([Draft(log, event, ticket=log)])
            window.drain()
            rates.append(count / (time.monotonic() - began))
    finally:
        writer.close()
    return rates[1:]


def _writer(
    config: Config,
    database: Database,
    notary: NotaryClient,
    announce: Callable[[list[Outcome]], None],
) -> Writer[Any]:
    clock = SystemClock()
    return Writer(
        role="gateway",
        version=__version__,
        store=SqlStore(database, clock),
        certifier=notary,
        announce=announce,
        counts=dict,
        settings=config.ledger,
        clock=clock,
        entropy=system_entropy,
    )


def _publish(config: Config, database: Database, notary: NotaryClient) -> None:
    Integrator(
        database,
        config.data / "log",
        notary,
        prefix=config.ledger.origin,
        interval_seconds=1,
        clock=SystemClock(),
    ).publish_all()


def _verify(book: Path, *, is_full: bool) -> float:
    """Entries per second; raises Unavailable unless the book is whole and sound."""
    files = ExportedFolder(book)
    question = Question(
        files=files,
        trust=Trust.parse(files.read(POLICY) or b""),
        is_pinned=False,
        schemas={kind.name: kind for kind in classes(events, events.Event)},
        is_full=is_full,
    )
    began = time.monotonic()
    report = verify(question)
    elapsed = time.monotonic() - began
    if report.exit_code:
        raise Unavailable("book_not_verified", f"exit code {report.exit_code}")
    return report.entries / elapsed


if __name__ == "__main__":
    main()
