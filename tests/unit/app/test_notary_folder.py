"""The notary's keys and memory: for nobody else to read, never half-written, never another's."""

import stat
from pathlib import Path

import pytest

from gatebook.app.notary_folder import NotaryFolder, create, installation_vkey
from gatebook.core.errors import Conflict, Misconfigured, Unavailable
from gatebook.core.ids import system_entropy
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.notary import Head
from gatebook.ledger.note import VerifierKey
from gatebook.ledger.streams import State

PREFIX = "log.example"
INSTALLATION = installation_vkey(PREFIX, SigningKey(bytes(32)))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with fresh keys."""
    create(tmp_path / "notary", INSTALLATION, system_entropy)
    return tmp_path / "notary"


def head(size: int = 3) -> Head:
    """What might be remembered of a log."""
    return Head(
        origin=f"{PREFIX}/acme",
        size=size,
        root=bytes(32),
        frontier=[b"\xff" * 32],
        signed_at=7,
        checkpoint="— a note\n".encode(),
        streams=State(size=size, ended={"s1", "s2"}, declared={"s1": [(1, 2)]}),
    )


def test_keys_are_for_nobody_else_to_read(place: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()}
    assert modes == {"ed25519": 0o600, "ml-dsa-44": 0o600, "installation": 0o600, "heads": 0o700}
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", [".", "ed25519", "ml-dsa-44", "installation"])
def test_keys_that_others_may_read_are_refused(place: Path, name: str) -> None:
    (place / name).chmod(0o755)
    with pytest.raises(Misconfigured, match="Others"):
        NotaryFolder(place)


@pytest.mark.parametrize("name", ["ed25519", "ml-dsa-44", "installation"])
def test_a_missing_or_broken_key_is_named(place: Path, name: str) -> None:
    (place / name).write_text("not a key\n")
    with pytest.raises(Misconfigured):
        NotaryFolder(place)
    (place / name).unlink()
    with pytest.raises(Misconfigured, match=name):
        NotaryFolder(place)


def test_the_folder_is_made_once(place: Path) -> None:
    before = NotaryFolder(place).key.public
    create(place, INSTALLATION, system_entropy)
    assert NotaryFolder(place).key.public == before
    assert [path.name for path in place.parent.iterdir()] == ["notary"]


@pytest.mark.parametrize(
    "other",
    [
        installation_vkey(PREFIX, SigningKey(bytes(31) + b"\1")),
        installation_vkey("other.example", SigningKey(bytes(32))),
    ],
)
def test_it_answers_to_the_installation_it_was_made_for(place: Path, other: VerifierKey) -> None:
    with pytest.raises(Misconfigured, match="another installation"):
        create(place, other, system_entropy)
    assert NotaryFolder(place).installation == INSTALLATION
    assert NotaryFolder(place).prefix == PREFIX


def test_what_is_kept_is_remembered(place: Path) -> None:
    folder = NotaryFolder(place)
    assert folder.load(head().origin) is None
    folder.save(head())
    folder.save(head(4))
    assert NotaryFolder(place).load(head().origin) == head(4)


def test_what_is_remembered_is_a_copy(place: Path) -> None:
    folder = NotaryFolder(place)
    folder.save(head())
    loaded = folder.load(head().origin)
    assert loaded is not None
    loaded.streams.ended.add("s3")
    assert folder.load(head().origin) == head()


@pytest.mark.parametrize("damage", [b"", b"{", b'{"origin":"log.example/other"}'])
def test_a_damaged_memory_is_not_taken_for_none(place: Path, damage: bytes) -> None:
    """A notary that forgets would sign a second tree."""
    folder = NotaryFolder(place)
    folder.save(head())
    (kept,) = (place / "heads").iterdir()
    kept.write_bytes(damage)
    with pytest.raises(Unavailable, match="memory"):
        folder.load(head().origin)


def test_a_memory_that_cannot_be_written_is_unavailable(place: Path) -> None:
    (place / "heads").rmdir()
    with pytest.raises(Unavailable):
        NotaryFolder(place).save(head())


def test_one_notary_runs_in_a_folder(place: Path) -> None:
    with (
        NotaryFolder(place).held(),
        pytest.raises(Conflict, match="already"),
        NotaryFolder(place).held(),
    ):
        pass
    with NotaryFolder(place).held():
        pass
