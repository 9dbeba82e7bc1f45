"""The integrator as a process: every few seconds each log is published and signed anew.

One integrator works on a database at a time; another one waits for it to end. A log that cannot go
on is named and tried again, and keeps no other log from going on. Beside it the published logs are
served, read-only.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from gatebook.app.config import Config
from gatebook.app.keyring import load_keyring
from gatebook.app.log_server import LogDoor
from gatebook.app.notary_client import NotaryClient, open_notary
from gatebook.app.publish import LogPublisher
from gatebook.app.serving import address_of, listen_on, serve, server_for
from gatebook.app.wiring import open_installation
from gatebook.core.clock import Clock, SystemClock
from gatebook.core.errors import GatebookError
from gatebook.core.ids import system_entropy
from gatebook.storage.database import Database
from gatebook.storage.folder import LogFolder, published_logs
from gatebook.storage.leader import leading
from gatebook.storage.sequence import Sequencer
from gatebook.web.problem import problem

_LOG: Final = logging.getLogger("integrator")
_RETRY_SECONDS: Final = 1


class Integrator:
    """Publishes every log of a database at an interval."""

    def __init__(
        self,
        database: Database,
        root: Path,
        notary: NotaryClient,
        *,
        prefix: str,
        interval_seconds: float,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sequencer = Sequencer(database)
        self._root = root
        self._notary = notary
        self._prefix = prefix
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._publishers: dict[str, LogPublisher] = {}
        self._said: dict[str, str] = {}

    def run(self, stop: threading.Event) -> None:
        """Publish until told to stop, and once more then."""
        is_over = False
        while not is_over:
            try:
                with leading(self._database) as check:
                    self._lead(stop, check)
            except GatebookError as error:
                self._say("database", str(error))
            self._publishers.clear()
            is_over = stop.wait(_RETRY_SECONDS)

    def publish_all(self) -> None:
        """Publish every log once; what keeps one from it is said.

        One that is published and unknown to the database is looked at too: it was rolled back.
        """
        for log in sorted({*self._sequencer.logs(), *published_logs(self._root, self._prefix)}):
            try:
                self._publish(log)
            except GatebookError as error:
                self._publishers.pop(log, None)
                self._say(log, f"{error.code}: {error}")

    def _lead(self, stop: threading.Event, check: Callable[[], None]) -> None:
        is_last = False
        pause = 0.0
        while not is_last:
            is_last = stop.wait(pause)
            check()
            self.publish_all()
            self._say("database", "")
            pause = self._interval_seconds

    def _publish(self, log: str) -> None:
        publisher = self._publishers.get(log)
        if publisher is None:
            folder = LogFolder(self._root / log)
            publisher = LogPublisher(log, self._sequencer, folder, self._notary, self._clock)
            self._publishers[log] = publisher
        publisher.publish()
        held = [problem.detail for problem in publisher.held.values()]
        self._say(log, f"held back: {' '.join(held)}" if held else "")

    def _say(self, about: str, what: str) -> None:
        """Log what is wrong, once until it changes."""
        before = self._said.get(about, "")
        self._said[about] = what
        if what and what != before:
            _LOG.error("%s: %s", about, what)
        elif before and not what:
            _LOG.info("%s: goes on", about)


def run(config: Config, ready: Callable[[str], None]) -> None:
    """Be the integrator until told to stop; `ready` is told where the logs are served."""
    stop = threading.Event()
    root = config.data / "log"
    with (
        open_installation(config, migrating=True) as database,
        listen_on(config.log.host, config.log.port) as listener,
    ):
        integrator = Integrator(
            database,
            root,
            open_notary(config, load_keyring(config, system_entropy).installation),
            prefix=config.ledger.origin,
            interval_seconds=config.ledger.checkpoint_seconds,
            clock=SystemClock(),
        )
        door = LogDoor(root, config.ledger.origin)
        server = server_for(door, problem, lambda: ready(address_of(listener)))

        def finish(_: Future[None]) -> None:
            server.should_exit = True

        with ThreadPoolExecutor(1, thread_name_prefix="integrator") as pool:
            work = pool.submit(integrator.run, stop)
            work.add_done_callback(finish)
            try:
                serve(server, listener)
            finally:
                stop.set()
        work.result()  # what ended the work unasked ends the process too, which is started anew
