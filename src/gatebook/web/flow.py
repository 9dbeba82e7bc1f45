"""Waits for a peer to read what it was sent, and lets one go that does not.

A transport that is closed waits until its peer has read all, and so does whoever writes to one that
is full: for as long as the peer likes. What it has read is asked of the kernel, because over TLS a
transport does not say what waits below it.
"""

import asyncio
import fcntl
import socket
import struct
import termios
from typing import Final

from uvicorn.protocols.http.flow_control import FlowControl

PACE: Final = 240
"""Bytes a second that a peer has to read while more waits (Kestrel's MinResponseDataRate)."""

_TCP_INFO: Final = getattr(socket, "TCP_INFO", -1)  # Linux has it
_ACKED_AT: Final = 120  # tcpi_bytes_acked in linux/tcp.h
_INFO_BYTES: Final = 128


class Flow(FlowControl):
    """One connection's; nobody who waits for it to drain waits for ever."""

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, seconds: float
    ) -> None:
        """`seconds` is how long at a time a peer may read slower than `PACE`."""
        super().__init__(transport)
        self._loop = loop
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._read = self._due = 0

    @property
    def is_behind(self) -> bool:
        """Whether something that was written has not come to the peer."""
        return self._progress()[1] > 0

    def pause_writing(self) -> None:
        """The transport is full."""
        super().pause_writing()
        self.watch()

    def watch(self) -> None:
        """See that the peer reads what was written, or close the connection."""
        if self._timer is None:
            self._wind_up()

    def stop(self) -> None:
        """The connection is closed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wind_up(self) -> None:
        self._read, waits = self._progress()
        self._due = min(waits, int(PACE * self._seconds))
        self._timer = self._loop.call_later(self._seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        read, waits = self._progress()
        if waits and read - self._read < self._due:
            self._transport.abort()
        elif waits:
            self._wind_up()

    def _progress(self) -> tuple[int, int]:
        """Bytes that the peer has taken so far, and those that wait for it."""
        size = self._transport.get_write_buffer_size()
        line = self._transport.get_extra_info("socket")
        if line is None:  # over TLS, a connection that is closed has none any more
            return -size, size
        try:
            info = line.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _INFO_BYTES)
            queued = fcntl.ioctl(line.fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:  # not TCP, not Linux, or closed by now: what the transport knows
            return -size, size
        (acked,) = struct.unpack_from("=Q", info, _ACKED_AT)
        return acked, size + struct.unpack("=i", queued)[0]
