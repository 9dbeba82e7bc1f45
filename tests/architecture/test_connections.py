"""Only the modules that docs/explanation/egress.md names open connections."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.program import ROOT, python_files

PAGE = ROOT / "docs" / "explanation" / "egress.md"

# What makes a connection, as it is called in the standard library and in SQLAlchemy.
CALLS: Final = {
    *("create_connection", "open_connection", "create_unix_connection", "open_unix_connection"),
    *("create_datagram_endpoint", "sock_connect", "connect_ex", "start_tls", "urlopen"),
    *("HTTPConnection", "HTTPSConnection", "create_engine"),
}
# Packages that are there to make connections.
PACKAGES: Final = {
    *("http.client", "urllib.request", "xmlrpc", "ftplib", "smtplib", "poplib", "imaplib"),
    *("requests", "httpx", "aiohttp", "urllib3", "websockets", "grpc", "pyreqwest"),
    *("openai", "anthropic", "google", "boto3", "psycopg", "opentelemetry.exporter"),
}


def openers(tree: ast.Module) -> Iterator[str]:
    """What a module has to open connections with."""
    has_sockets = "socket" in set(imported(tree))
    for name in imported(tree):
        yield from (package for package in PACKAGES if f"{name}.".startswith(f"{package}."))
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in CALLS:
                yield name
            case ast.Call(func=ast.Attribute(attr="connect")) if has_sockets:
                yield "socket.connect"


def imported(tree: ast.Module) -> Iterator[str]:
    """Names of the modules that are imported anywhere in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_who_opens_connections_is_told() -> None:
    found = {path for path, tree in python_files("src").items() if set(openers(tree))}
    told = set(re.findall(r"^\| \[`[^`]+`\]\(\.\./\.\./(src/[^)]+)\)", PAGE.read_text(), re.M))
    assert found == told


@pytest.mark.parametrize(
    "source",
    [
        "import http.client",
        "from http import client",
        "import httpx",
        "from openai import OpenAI",
        "def f():\n    import requests",
        "await loop.create_connection(f, 'x', 1)",
        "asyncio.open_connection('x', 1)",
        "import socket\nsocket.socket().connect(('x', 1))",
        "from urllib.request import urlopen",
    ],
)
def test_whatever_opens_a_connection_is_found(source: str) -> None:
    assert set(openers(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "from http import HTTPStatus",
        "from urllib.parse import urlsplit",
        "client.connect(origin)",
        "import socket\nsocket.create_server(('', 0))",
        "from sqlalchemy import select",
    ],
)
def test_what_only_looks_like_it_is_not(source: str) -> None:
    assert not set(openers(ast.parse(source)))
