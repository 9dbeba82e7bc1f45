"""A real nginx before a gate, set up by the file that deploy/ has for it."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.architecture.program import ROOT
from tests.certificates import HandAuthority
from tests.served import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
needs_nginx = pytest.mark.skipif(not NGINX, reason="no nginx here: apt-get install nginx")

_MAIN = """\
{user}worker_processes 1;
daemon off;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include gatebook.conf;
}}
"""


class Nginx:
    """A running nginx, and a client that trusts it."""

    def __init__(self, port: int, context: ssl.SSLContext, folder: Path) -> None:
        self.port = port
        self.url = f"https://localhost:{port}"
        self.context = context
        self.folder = folder

    @contextmanager
    def connected(self, own_address: str = "127.0.0.1") -> Iterator[ssl.SSLSocket]:
        """A connection through TLS, on which anything may be said."""
        here, there = (own_address, 0), ("127.0.0.1", self.port)
        with (
            socket.create_connection(there, timeout=10, source_address=here) as line,
            self.context.wrap_socket(line, server_hostname="localhost") as wrapped,
        ):
            yield wrapped


def sample(gate_port: int, port: int, certificate: Path) -> str:
    """The file of deploy/ with this machine's ports and certificate."""
    text = (ROOT / "deploy" / "nginx" / "gatebook.conf").read_text()
    for theirs, ours in {
        "server 127.0.0.1:8484;": f"server 127.0.0.1:{gate_port};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/nginx/gatebook/certificate.pem": str(certificate),
        "/etc/nginx/gatebook/key.pem": str(certificate),
    }.items():
        assert text.count(theirs) == 1, theirs
        text = text.replace(theirs, ours)
    return text


@contextmanager
def open_nginx(gate_port: int, folder: Path) -> Iterator[Nginx]:
    """nginx before the gate on this port, until the end of the block."""
    assert NGINX
    authority = HandAuthority(folder)
    port = free_port()
    (folder / "gatebook.conf").write_text(sample(gate_port, port, authority.issue("nginx")))
    user = "user root root;\n" if os.getuid() == 0 else ""  # else its workers may not look here
    (folder / "nginx.conf").write_text(_MAIN.format(user=user))
    command = [NGINX, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            _wait(process, port, folder)
            yield Nginx(port, ssl.create_default_context(cafile=authority.ca), folder)
        finally:
            process.terminate()


def _wait(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        assert process.poll() is None, (folder / "error.log").read_text()
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise TimeoutError("nginx does not listen")
