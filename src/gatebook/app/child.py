"""A child process and the line that ties it to its parent, at both ends.

It says when it is ready, and it ends when the parent is gone, however that ended.
The line is a socket pair. The child writes one line, its address, when it is ready; the parent
never writes, so what the child reads is the end.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Final

from gatebook.core.errors import Unavailable

_PROGRAM: Final = (sys.executable, "-P", "-m", "gatebook.cli")
_ADDRESS_BYTES: Final = 1000


class Child:
    """One of our processes, seen from its parent."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        words: IO[str] | None = None,
        *,
        serve: Sequence[str] | None = None,
        inherits: Sequence[int] = (),
    ) -> None:
        """Start `gatebook <arguments> serve <serve>`, out of reach of the terminal's Ctrl-C.

        What it serves is its name unless said otherwise; without both it is all of Gatebook. It
        speaks into `words`, or where its parent does, and inherits the descriptors named.
        """
        self.name = name or "supervisor"
        self.line, theirs = socket.socketpair()
        line = ["--lifeline", str(theirs.fileno())]
        served = list(filter(None, [name])) if serve is None else serve
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own program, our own arguments
                [*_PROGRAM, *arguments, "serve", *served, *line],
                pass_fds=[theirs.fileno(), *inherits],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,
            )

    def hear(self) -> str | None:
        """What the child says next, its address; None when it has ended. Blocks until either."""
        with suppress(ConnectionError):
            said = self.line.recv(_ADDRESS_BYTES)
            return said.decode().strip() if said else None
        return None

    def wait_ready(self, seconds: float) -> str:
        """The address of a child that has just been started; raises Unavailable if it fails."""
        self.line.settimeout(seconds)
        try:
            address = self.hear()
        except TimeoutError:
            address = None
        if address is None:
            self.stop(0)
            raise Unavailable(
                f"{self.name}_failed", f"The {self.name} did not start.", "Its own words are above."
            )
        return address

    def retire(self) -> None:
        """Tell a gateway that another one has taken over; it ends once its calls have."""
        self._process.send_signal(signal.SIGHUP)

    def terminate(self) -> None:
        """Tell it to finish and end."""
        self._process.terminate()

    def stop(self, seconds: float) -> int:
        """Tell it to finish and end; its exit code, once it has, if need be by force."""
        self.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()
        finally:
            self.line.close()

    def kill(self) -> None:
        """End it as it stands."""
        self._process.kill()


class Lifeline:
    """The child's end of the line."""

    def __init__(self, descriptor: int) -> None:
        self._line = socket.socket(fileno=descriptor)
        threading.Thread(target=self._watch, name="lifeline", daemon=True).start()

    def ready(self, address: str) -> None:
        """Tell the parent that we are ready, and where."""
        with suppress(OSError):  # a parent that is gone need not be told
            self._line.sendall(address.encode() + b"\n")

    def _watch(self) -> None:
        """End as if told to, once the parent is gone."""
        with suppress(ConnectionError):
            self._line.recv(1)
        os.kill(os.getpid(), signal.SIGTERM)
