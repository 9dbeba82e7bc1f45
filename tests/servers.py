"""ASGI applications on real sockets, and requests that no library tidies up."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from gatebook.web.problem import problem
from gatebook.web.server import Edge, server_config
from tests.gates import ServerThread


class Got(NamedTuple):
    """A whole response."""

    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def serving(application: Any) -> Iterator[int]:
    """The port on which an application is served meanwhile."""
    edge = Edge(connections=50, head_seconds=5, body_seconds=5, refusal=problem)
    server = ServerThread(server_config(application, host="", port=0, edge=edge, drain_seconds=1))
    yield server.port
    server.stop()


def ask(port: int, method: str, target: str, body: bytes | None = None) -> Got:
    """One request and its response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, target, skip_accept_encoding=True)
    if body is not None:
        connection.putheader("content-length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    got = Got(response.status, headers, response.read())
    connection.close()
    return got
