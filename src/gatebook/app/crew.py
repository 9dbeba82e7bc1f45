"""The gateways that run side by side: started with the same settings, on one socket.

The socket is the supervisor's and outlives them: whoever connects while a gateway is started again
waits for another one, and is not refused. It listens once a gateway takes calls.
"""

import socket
from collections.abc import Collection, Sequence
from functools import partial
from itertools import count, islice

from gatebook.app.binding import bind_to
from gatebook.app.child import Child
from gatebook.app.config import Config
from gatebook.app.post import Post


class Crew:
    """As many as the settings say, under names that nobody else has."""

    def __init__(self, config: Config, door: socket.socket, posts: list[Post]) -> None:
        self.config = config
        self.door = door
        self.posts = posts

    @property
    def is_ready(self) -> bool:
        """Whether each has been ready once."""
        return all(post.was_ready for post in self.posts)


def muster(
    config: Config, arguments: Sequence[str], *, before: Crew | None, taken: Collection[str]
) -> Crew:
    """A crew that has not begun, beside those that are there; raises Misconfigured.

    A name is never that of two processes at once, so `taken` ones are passed over.
    """
    gateway, workers = config.gateway, config.workers
    if before is not None and _place(before.config) == _place(config):
        door = before.door
    else:
        door = bind_to(gateway.host, gateway.port)
    free = (number for number in count(1) if workers.role(number) not in taken)
    shared = ["--workers", str(workers.count), "--listener", str(door.fileno())]
    return Crew(
        config,
        door,
        [
            Post(
                workers.role(number),
                partial(
                    Child,
                    workers.role(number),
                    arguments,
                    serve=["gateway", "--worker", str(number), *shared],
                    inherits=[door.fileno()],
                ),
            )
            for number in islice(free, workers.count)
        ],
    )


def _place(config: Config) -> tuple[str, int]:
    return config.gateway.host, config.gateway.port
