"""Sockets for those who serve; apart, because the supervisor needs no server to bind one."""

import os
import socket

from gatebook.core.errors import Misconfigured


def bind_to(host: str, port: int) -> socket.socket:
    """A TCP socket that `listen` makes a listening one; raises Misconfigured for a taken port."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if listener.family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise _unusable(host, port, error) from None
    return listener


def listen(listener: socket.socket, backlog: int = 128) -> None:
    """Have a socket listen; raises Misconfigured if another one has begun to, on its port."""
    try:
        listener.listen(backlog)
    except OSError as error:
        host, port, *_ = listener.getsockname()
        raise _unusable(host, port, error) from None


def _unusable(host: str, port: int, error: OSError) -> Misconfigured:
    return Misconfigured(
        "address_unusable",
        f"Nobody can listen on {host} port {port}: {os.strerror(error.errno or 0)}.",
        "End what listens there, or set another host and port.",
    )
