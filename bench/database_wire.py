"""A wire to PostgreSQL that can be cut, held up, or made deaf to notifications."""

import select
import socket
import threading
from contextlib import suppress
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

State = Literal["whole", "deaf", "held up", "cut"]

_PORT = 5432
_BYTES = 65536


class DatabaseWire:
    """Passes connections on to a server's socket, as far as its state allows.

    Deaf: whoever has said LISTEN hears no more than the answer to that. Held up: nothing passes and
    nothing is closed. Cut: connections are closed, and new ones are too.
    """

    def __init__(self, url: str) -> None:
        """`url` names the folder of the server's socket."""
        parts = urlsplit(url)
        self._path = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.{_PORT}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{port}{parts.path}"
        self.state: State = "whole"
        self.listeners = 0
        self._over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        """Carry one connection, both ways, until either end or the wire ends it."""
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(self._path)
            listens = is_deaf = False
            while not self._over.is_set() and self.state != "cut":
                if self.state == "held up":
                    self._over.wait(0.02)
                    continue
                for ready in select.select([client, server], [], [], 0.02)[0]:
                    data = ready.recv(_BYTES)
                    if not data:
                        return
                    if ready is client:
                        if b"LISTEN" in data:
                            listens = True
                            self.listeners += 1
                        server.sendall(data)
                    elif not (is_deaf and self.state == "deaf"):
                        client.sendall(data)
                        is_deaf = listens
