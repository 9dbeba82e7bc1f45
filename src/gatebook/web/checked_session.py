"""A session of `requests` that keeps the rules of `client.py`, for a library that wants one.

A name is resolved here, and what is connected to is the address that was checked; nothing is
followed, nothing is taken from the environment, and of an answer no more than its head is read.
Imported only where such a library is, which brings `requests` along.
"""

import socket
import time
from typing import Any, Final

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from gatebook.web.blocking_client import dial

_CONNECT_SECONDS: Final = 3


class CheckedSession(Session):
    """Goes to addresses only to which calls go."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:
        """As the library's, without what follows the head of the answer."""
        with super().send(request, **{**kwargs, "stream": True, "allow_redirects": False}) as head:
            return head


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        port = self.port or self.default_port
        return dial(self.host, port, time.monotonic() + _CONNECT_SECONDS)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def __init__(self) -> None:
        super().__init__()
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
