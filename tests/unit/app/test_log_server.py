"""The published log over HTTP: what tlog-tiles names, and nothing else of the disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebook.app.log_server import LogDoor
from gatebook.app.log_source import log_source
from gatebook.core.errors import Unavailable
from gatebook.storage.folder import LogFolder
from tests.servers import ask, serving
from tests.simulators.log import HandLog, MemoryFiles
from tests.simulators.questions import ask as verify_files


@pytest.fixture(scope="module")
def log() -> HandLog:
    """A log of 300 entries."""
    log = HandLog()
    stream = log.open()
    for count in range(299):
        stream.beat(count)
    return log


@pytest.fixture(scope="module")
def root(log: HandLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log as it is published, and a secret beside it."""
    root = tmp_path_factory.mktemp("log")
    files = log.files()
    folder = LogFolder(root / "log.example" / "acme")
    folder.replace("checkpoint", files.pop("checkpoint"))
    folder.add(files)
    (root / "log.example" / "secret").write_text("secret")
    (root / "log.example" / "acme" / "secret").write_text("secret")
    (root / "log.example" / "acme" / "tile" / "0" / "secret").write_text("secret")
    return root


@pytest.fixture(scope="module")
def port(root: Path) -> Iterator[int]:
    """Where it is served."""
    with serving(LogDoor(root, "log.example")) as port:
        yield port


def test_the_checkpoint_is_text_and_fresh(port: int, root: Path) -> None:
    got = ask(port, "GET", "/acme/checkpoint")
    stored = (root / "log.example" / "acme" / "checkpoint").read_bytes()
    assert (got.status, got.body) == (200, stored)
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert got.headers["cache-control"] == "public, max-age=1"


@pytest.mark.parametrize(
    "path", ["tile/0/000", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"]
)
def test_tiles_are_bytes_and_for_ever(port: int, log: HandLog, path: str) -> None:
    got = ask(port, "GET", f"/acme/{path}")
    assert (got.status, got.body) == (200, log.files()[path])
    assert got.headers["content-type"] == "application/octet-stream"
    assert "immutable" in got.headers["cache-control"]


def test_head_says_what_get_would_send(port: int, log: HandLog) -> None:
    got = ask(port, "HEAD", "/acme/checkpoint")
    assert (got.status, got.body) == (200, b"")
    assert got.headers["content-length"] == str(len(log.checkpoint()))


@pytest.mark.parametrize(
    "target",
    [
        "/acme/tile/0/000.p/7",
        "/acme/tile/0/001",
        "/acme/tile/9/000",
        "/other/checkpoint",
        "/acme",
        "/",
        "/secret",
        "/acme/secret",
        "/acme/tile/0/secret",
        "/acme/policy.txt",
        "/acme/checkpoint/",
        "/acme/tile/0/00",
        "/acme/tile/0/0000",
        "/acme/tile/00/000",
        "/acme/tile/64/000",
        "/acme/tile/0/000.p/0",
        "/acme/tile/0/000.p/256",
        "/acme/tile/0/000.p/044",
        "/acme/tile/0/x000/x000/x000/x000/x000/x000/x000/000",
        "/acme/tile/entries/001.p",
        "/acme/.new",
    ],
)
def test_nothing_else_is_found(port: int, target: str) -> None:
    got = ask(port, "GET", target)
    assert got.status == 404
    assert b"secret" not in got.body
    assert got.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "target",
    [
        "/acme/../secret",
        "/../log.example/secret",
        "/acme/tile/0/../../secret",
        "/acme//checkpoint",
        "//acme/checkpoint",
        "/acme/%2e%2e/secret",
        "/acme%2fsecret",
        "/acme/checkpoint%00",
    ],
)
def test_what_moves_about_is_refused_before_a_path_is_made_of_it(port: int, target: str) -> None:
    got = ask(port, "GET", target)
    assert got.status == 400
    assert b"secret" not in got.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_log_is_only_read(port: int, method: str) -> None:
    assert ask(port, method, "/acme/checkpoint", b"").status == 405


def test_a_log_read_over_http_verifies(port: int, log: HandLog) -> None:
    """As an auditor's mirror, or the notary on another host, reads it."""
    source = log_source(f"http://127.0.0.1:{port}")("log.example/acme")

    class Mirror(MemoryFiles):
        def read(self, path: str) -> bytes | None:
            return source.read(path)

    report = verify_files(log, Mirror(log.files()))
    assert report.exit_code == 0
    assert source.read("tile/0/077") is None


def test_a_log_that_nobody_serves_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        log_source("http://127.0.0.1:1")("log.example/acme").read("checkpoint")


def test_a_log_may_be_read_from_its_folder(root: Path, log: HandLog) -> None:
    found = log_source(str(root))("log.example/acme").read("tile/0/000")
    assert found == log.files()["tile/0/000"]
