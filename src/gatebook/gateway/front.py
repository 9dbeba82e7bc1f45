"""The listener that agents come to, as far as the rest of the gate has to know of it."""

from uvicorn import Server


class Front:
    """Known before there is a server: the gate opens first, and is served then."""

    server: Server | None = None

    @property
    def is_draining(self) -> bool:
        """Whether the process was told to stop: no new connection is taken."""
        return self.server is not None and self.server.should_exit

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self.server.server_state.connections) if self.server is not None else 0
