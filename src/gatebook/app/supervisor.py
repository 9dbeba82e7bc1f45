"""`gatebook serve`: starts notary, integrator and gateways in this order and restarts what dies.

One loop, no threads: it sleeps until a child speaks or ends, a restart is due, or a signal comes.
The first word to stop drains: the gateways end their calls, the integrator publishes what is left,
the notary signs it. A second one does not wait. SIGHUP has other gateways take over on the same
socket, with the settings as they are then; those before them end once their calls have.
"""

import logging
import selectors
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

from gatebook.app.child import Child
from gatebook.app.config import Config
from gatebook.app.crew import Crew, muster
from gatebook.app.file_lock import locked
from gatebook.app.post import Post
from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import GatebookError, Misconfigured

_LOG: Final = logging.getLogger("supervisor")
_MISCONFIGURED: Final = 78
"""The exit code (sysexits.h) that a restart would not change."""

_MARGIN_SECONDS: Final = 5


class Supervisor:
    """Keeps those named running, each started once those before it are ready, then gateways."""

    def __init__(
        self,
        beside: Sequence[str],
        load: Callable[[], Config],
        arguments: Sequence[str],
        *,
        ready: Callable[[str], None],
        clock: Clock,
    ) -> None:
        """`load` reads the settings; `ready` is told the gateways' address once all are up."""
        self._beside = [Post(name, partial(Child, name, arguments)) for name in beside]
        self._load = load
        self._arguments = arguments
        self._ready = ready
        self._clock = clock
        self._crew = muster(load(), arguments, before=None, taken=())
        self._next: Crew | None = None
        self._leaving: list[Post] = []
        self._is_told = False
        self._stops = 0
        self._is_to_reload = False
        self._bell, self._rung = socket.socketpair()

    def run(self) -> None:
        """Run until told to stop; raises Misconfigured if a child says that it cannot run."""
        with ExitStack() as stack:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                stack.callback(signal.signal, number, signal.signal(number, self._on_signal))
            stack.callback(self._stop_all)
            while not self._stops:
                self._start_due()
                self._listen()
                if self._is_to_reload:
                    self._reload()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        if number == signal.SIGHUP:
            self._is_to_reload = True
        else:
            self._stops += 1
            _LOG.info("%s: stopping", signal.Signals(number).name)
        self._bell.send(b"!")
        if self._stops > 1:
            for post in self._posts:
                if post.child is not None:
                    post.child.kill()

    @property
    def _rows(self) -> list[list[Post]]:
        """Who has to run, in the order of starting; those of one row start together."""
        rows = [[post] for post in self._beside]
        rows.append(self._crew.posts)
        return [*rows, self._next.posts] if self._next is not None else rows

    @property
    def _posts(self) -> list[Post]:
        return [*(post for row in self._rows for post in row), *self._leaving]

    def _start_due(self) -> None:
        """Start what is due; at first each row waits until those before it are ready."""
        now_us = self._clock.monotonic_us()
        for row in self._rows:
            for post in row:
                post.fill(now_us)
            if not all(post.was_ready for post in row):
                return

    def _listen(self) -> None:
        """Wait for the next thing to happen, and see to it."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._rung, selectors.EVENT_READ)
            for post in self._posts:
                if post.child is not None:
                    selector.register(post.child.line, selectors.EVENT_READ, post)
            for key, _ in selector.select(self._until_due()):
                if key.data is None:
                    self._rung.recv(1)
                else:
                    self._hear(key.data)

    def _until_due(self) -> float | None:
        """Seconds until a child that has ended is due again; None: nothing is."""
        rows = self._rows
        dues = [post.due_us for row in rows for post in row if post.child is None and post.failures]
        now_us = self._clock.monotonic_us()
        return max(0, min(dues) - now_us) / SECOND_US if dues else None

    def _hear(self, post: Post) -> None:
        address = post.child.hear() if post.child is not None else None
        if address is None:
            self._see_off(post)
            return
        _LOG.info("%s is ready at %s", post.name, address)
        post.was_ready = True
        if self._next is not None and self._next.is_ready:
            self._take_over(self._next)
        if self._crew.is_ready and not self._is_told:
            self._is_told = True
            self._ready(address)

    def _see_off(self, post: Post) -> None:
        """A child has ended: was it to, and who takes its place?"""
        if post in self._leaving:
            post.stop(_MARGIN_SECONDS)
            self._leaving.remove(post)
        elif self._next is not None and post in self._next.posts:
            post.stop(_MARGIN_SECONDS)
            self._send_back(self._next, f"{post.name} ended; its own words are above")
        else:
            code = post.bury(self._clock.monotonic_us())
            if code == _MISCONFIGURED and not post.was_ready:
                raise Misconfigured(
                    "child_misconfigured",
                    f"The {post.name} cannot run.",
                    "Its own words are above.",
                )

    def _reload(self) -> None:
        """Have other gateways started, with the settings as they are now."""
        self._is_to_reload = False
        if self._next is not None:
            self._send_back(self._next, "they changed again")
        try:
            taken = {post.name for post in self._posts}
            self._next = muster(self._load(), self._arguments, before=self._crew, taken=taken)
        except GatebookError as error:
            _LOG.error("the settings are not taken: %s", error)
        else:
            _LOG.info("starting gateways with the settings as they are now")

    def _take_over(self, crew: Crew) -> None:
        """The new gateways take calls: those before them take no more."""
        before, self._crew, self._next = self._crew, crew, None
        self._dismiss(before)
        _LOG.info("the settings are in force; the gateways before end once their calls have")

    def _send_back(self, crew: Crew, why: str) -> None:
        """New gateways do not come up: those that are there go on."""
        self._next = None
        self._dismiss(crew)
        _LOG.error("the settings are not taken: %s", why)

    def _dismiss(self, crew: Crew) -> None:
        """Have gateways end: with their calls, or at once where they take none yet."""
        for post in crew.posts:
            if post.child is not None:
                self._leaving.append(post)
                if post.was_ready:
                    post.child.retire()
                else:
                    post.child.terminate()
        if crew.door is not self._crew.door:
            crew.door.close()

    def _stop_all(self) -> None:
        """Last started, first stopped; whoever does not end in time is ended."""
        rows = [*self._rows[: len(self._beside)], self._posts[len(self._beside) :]]
        for crew in (self._crew, self._next):
            if crew is not None:
                crew.door.close()
        config = self._crew.config
        patience = config.gateway.drain_seconds + config.ledger.append_timeout_seconds
        for row in reversed(rows):
            for post in row:
                if post.child is not None:
                    post.child.terminate()
            for post in reversed(row):
                post.stop(patience + _MARGIN_SECONDS)


@contextmanager
def alone_in(data: Path) -> Iterator[None]:
    """Be the one supervisor of a data folder; raises Misconfigured while another one runs.

    Two would start each other's notary and integrator for ever, in vain.
    """
    taken = Misconfigured(
        "folder_in_use",
        f"Another gatebook serve runs on {data}.",
        "Stop that one first, or name another data folder with --data.",
    )
    with locked(data / "serve.lock", taken):
        yield
