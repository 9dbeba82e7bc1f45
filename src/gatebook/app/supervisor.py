"""`gatebook serve`: starts notary, integrator and gateway in this order and restarts what dies.

One loop, no threads: it sleeps until a child speaks or ends, a restart is due, or a signal comes.
The first word to stop drains: the gateway ends its calls, the integrator publishes what is left,
the notary signs it. A second one does not wait.
"""

import logging
import selectors
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from gatebook.app.child import Child
from gatebook.app.file_lock import locked
from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import Misconfigured

_LOG: Final = logging.getLogger("supervisor")
_MISCONFIGURED: Final = 78
"""The exit code (sysexits.h) that a restart would not change."""

_SOUND_AFTER_US: Final = 60 * SECOND_US
_BACK_OFF_SECONDS: Final = (0, 1, 2, 5, 10, 30)


class _Post:
    """One process that has to run, and what became of its predecessors."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.child: Child | None = None
        self.was_ready = False
        self.started_us = 0
        self.due_us = 0
        self.failures = 0


class Supervisor:
    """Keeps the named processes running, each started once those before it are ready."""

    def __init__(
        self,
        names: Sequence[str],
        arguments: Sequence[str],
        *,
        ready: Callable[[str], None],
        drain_seconds: float,
        clock: Clock,
    ) -> None:
        """`ready` is told the address of the last one when all have come up."""
        self._posts = [_Post(name) for name in names]
        self._arguments = arguments
        self._ready = ready
        self._drain_seconds = drain_seconds
        self._clock = clock
        self._signals = 0
        self._bell, self._rung = socket.socketpair()

    def run(self) -> None:
        """Run until told to stop; raises Misconfigured if a child says that it cannot run."""
        with ExitStack() as stack:
            for number in (signal.SIGTERM, signal.SIGINT):
                stack.callback(signal.signal, number, signal.signal(number, self._on_signal))
            stack.callback(self._stop_all)
            while not self._signals:
                self._start_due()
                self._listen()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._signals += 1
        self._bell.send(b"!")
        _LOG.info("%s: stopping", signal.Signals(number).name)
        if self._signals > 1:
            for post in self._posts:
                if post.child is not None:
                    post.child.kill()

    def _start_due(self) -> None:
        """Start what is due; at first each waits until those before it are ready."""
        now_us = self._clock.monotonic_us()
        for post in self._posts:
            if post.child is None and post.due_us <= now_us:
                post.child = Child(post.name, self._arguments)
                post.started_us = now_us
            if not post.was_ready:
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
                    self._hear(key.data, key.data.child)

    def _until_due(self) -> float | None:
        """Seconds until a child that has ended is due again; None: nothing is."""
        dues = [post.due_us for post in self._posts if post.child is None and post.failures]
        now_us = self._clock.monotonic_us()
        return max(0, min(dues) - now_us) / SECOND_US if dues else None

    def _hear(self, post: _Post, child: Child) -> None:
        address = child.hear()
        if address is None:
            self._bury(post, child)
            return
        _LOG.info("%s is ready at %s", post.name, address)
        was_ready, post.was_ready = post.was_ready, True
        if post is self._posts[-1] and not was_ready:
            self._ready(address)

    def _bury(self, post: _Post, child: Child) -> None:
        """Note down why a child has ended, and when to start it again."""
        code = child.stop(self._drain_seconds)
        if code == _MISCONFIGURED and not post.was_ready:
            raise Misconfigured(
                "child_misconfigured", f"The {post.name} cannot run.", "Its own words are above."
            )
        now_us = self._clock.monotonic_us()
        lived_us = now_us - post.started_us
        post.failures = 1 if lived_us > _SOUND_AFTER_US else post.failures + 1
        pause = _BACK_OFF_SECONDS[min(post.failures, len(_BACK_OFF_SECONDS)) - 1]
        post.child, post.due_us = None, now_us + pause * SECOND_US
        _LOG.warning("%s ended (%s); starting it again in %s s", post.name, _say(code), pause)

    def _stop_all(self) -> None:
        """Last started, first stopped; whoever does not end in time is ended."""
        for post in reversed(self._posts):
            if post.child is not None:
                code = post.child.stop(self._drain_seconds)
                told = code in (0, -signal.SIGTERM)
                _LOG.info("%s ended%s", post.name, "" if told else f" ({_say(code)})")


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


def _say(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"code {code}"
