"""A log we write is accepted by code we did not write: golang.org/x/mod/sumdb (note and tlog).

Needs `go` and Debian's golang-golang-x-mod-dev; without them the tests are skipped, not passed.
"""

import json
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gatebook.ledger import mldsa, tiles
from gatebook.ledger.checkpoint import Checkpoint, Cosigner, sign_checkpoint
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.merkle import Frontier, consistency_proof, inclusion_proof, leaf_hash
from gatebook.ledger.note import NoteSigner

GOPATH = Path("/usr/share/gocode")
ORIGIN = "log.example/acme"
LOG = NoteSigner(ORIGIN, SigningKey(b"l" * 32))
LOG_PQ = Cosigner(ORIGIN, mldsa.SigningKey(b"p" * 32))
WITNESS = Cosigner("witness.example/w1", SigningKey(b"w" * 32))
STEPS = {1: [1], 256: [255, 1], 257: [256, 1], 1000: [1, 599, 400], 70_000: [65_535, 2, 4_463]}

Checker = Callable[[Path, Path], "subprocess.CompletedProcess[str]"]


class Folder:
    """A log's files on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, path: str) -> bytes | None:
        """The file at `path`."""
        file = self.path / path
        return file.read_bytes() if file.exists() else None

    def write(self, files: dict[str, bytes]) -> None:
        """Write `files` below the folder."""
        for path, data in files.items():
            file = self.path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Checker:
    """The Go program, built from `check.go`."""
    if shutil.which("go") is None:
        pytest.skip("no `go`: the independent checker cannot be built")
    if not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("no golang.org/x/mod/sumdb (Debian: golang-golang-x-mod-dev)")
    program = tmp_path_factory.mktemp("go") / "check"
    cache = tmp_path_factory.getbasetemp().parent / "go-build"
    environment = {"GOCACHE": str(cache), **os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH)}
    source = Path(__file__).with_name("check.go")
    subprocess.run(["go", "build", "-o", program, source], env=environment, check=True)

    def run(folder: Path, proofs: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, folder, str(LOG.verifier), proofs],
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def write_log(path: Path, steps: list[int]) -> tuple[Path, Path]:
    """Write a log that grew in `steps`, with random proofs beside it; gives both paths."""
    random = Random(sum(steps))
    folder, frontier = Folder(path / "log"), Frontier()
    roots = {}
    for step in steps:
        entries = [random.randbytes(random.randrange(400)) for _ in range(step)]
        folder.write(tiles.grow(frontier.size, entries, folder))
        for entry in entries:
            frontier.append(leaf_hash(entry))
            roots[frontier.size] = frontier.root() if random.random() < 0.01 else b""
        roots[frontier.size] = frontier.root()
    size = frontier.size
    head = Checkpoint(ORIGIN, size, frontier.root())
    folder.write({"checkpoint": sign_checkpoint(head, LOG, [LOG_PQ, WITNESS], 1_790_000_000)})
    read = tiles.TileHashes(folder, size)
    chosen = {0, size - 1, *(random.randrange(size) for _ in range(40))}
    proofs = {
        "inclusion": [
            {"index": index, "proof": _encoded(inclusion_proof(index, size, read))}
            for index in sorted(chosen)
        ],
        "consistency": [
            {
                "size": old,
                "root": b64encode(root).decode(),
                "proof": _encoded(consistency_proof(old, size, read)),
            }
            for old, root in roots.items()
            if root
        ],
    }
    (path / "proofs.json").write_text(json.dumps(proofs))
    return folder.path, path / "proofs.json"


@pytest.mark.parametrize("size", STEPS)
def test_the_go_checker_accepts_our_log(check: Checker, tmp_path: Path, size: int) -> None:
    folder, proofs = write_log(tmp_path, STEPS[size])
    given: dict[str, list[Any]] = json.loads(proofs.read_text())
    done = check(folder, proofs)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "Origin": ORIGIN,
        "Size": size,
        "SignedBy": 1,
        "Unverified": 2,
        "Entries": size,
        "Inclusion": len(given["inclusion"]),
        "Consistency": len(given["consistency"]),
    }


@pytest.mark.parametrize(
    "path", ["checkpoint", "tile/0/003.p/232", "tile/1/000.p/3", "tile/entries/001", "proofs"]
)
def test_the_go_checker_does_check(check: Checker, tmp_path: Path, path: str) -> None:
    """Each kind of file with one bit changed is refused, so acceptance above means something."""
    folder, proofs = write_log(tmp_path, STEPS[1000])
    file = proofs if path == "proofs" else folder / path
    data = bytearray(file.read_bytes())
    at = data.index(b'"proof": ["') + 20 if path == "proofs" else 20
    data[at] ^= 0x01
    file.write_bytes(data)
    done = check(folder, proofs)
    assert done.returncode == 1
    assert done.stderr


def _encoded(proof: list[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in proof]
