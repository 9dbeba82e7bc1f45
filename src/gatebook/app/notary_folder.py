"""The notary's folder: its two keys, the installation it answers to, and what it has signed.

ed25519  ml-dsa-44     seeds, base64, for nobody else to read
installation           the vkey whose requests it accepts; its name begins as its logs do
heads/<sha256(origin)> what it remembers of each log, replaced atomically
lock                   held by the one notary that runs
"""

import os
import secrets
import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from gatebook.app.file_lock import locked
from gatebook.app.key_files import (
    FOLDER_MODE,
    KEY_BYTES,
    check_private,
    read_key,
    read_private,
    write_private,
)
from gatebook.core.errors import Conflict, Invalid, Misconfigured, Unavailable
from gatebook.core.ids import Entropy
from gatebook.ledger import ed25519, mldsa
from gatebook.ledger.notary import INSTALLATION_SUFFIX, Head
from gatebook.ledger.note import VerifierKey
from gatebook.storage.folder import sync_folder

_SEEDS: Final = ("ed25519", "ml-dsa-44")
_PIN: Final = "installation"
_HEADS: Final = "heads"


class NotaryFolder:
    """An existing folder; implements `ledger.notary.Heads`."""

    def __init__(self, folder: Path) -> None:
        """Raises Misconfigured if anything is missing, malformed or open to others."""
        check_private(folder)
        seeds = [read_key(folder / name, read_private(folder / name)) for name in _SEEDS]
        self.key = ed25519.SigningKey(seeds[0])
        self.second_key = mldsa.SigningKey(seeds[1])
        self.installation = _parse_pin(read_private(folder / _PIN))
        self.folder = folder
        self._heads = folder / _HEADS

    @property
    def prefix(self) -> str:
        """What the origin of every log begins with."""
        return self.installation.name.removesuffix(INSTALLATION_SUFFIX)

    def load(self, origin: str) -> Head | None:
        """See ledger.notary.Heads."""
        return self.find(_digest(origin))

    def find(self, digest: str) -> Head | None:
        """The head of the log whose origin has this SHA-256 (tlog-witness, monitoring)."""
        path = self._heads / f"{digest}.json"
        try:
            head = msgspec.json.decode(path.read_bytes(), type=Head)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise _unusable(path, str(error)) from error
        if _digest(head.origin) != digest:
            raise _unusable(path, f"it is of {head.origin}")
        return head

    def save(self, head: Head) -> None:
        """See ledger.notary.Heads."""
        path = self._heads / f"{_digest(head.origin)}.json"
        # One name will do, and what was left behind under it is overwritten: `held` keeps a second
        # notary out of the folder, and the one that runs answers one request after the other.
        new = path.with_suffix(".new")
        try:
            with new.open("wb") as file:
                file.write(msgspec.json.encode(head))
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
            sync_folder(self._heads)
        except OSError as error:
            raise _unusable(path, str(error)) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the one notary of this folder; raises Conflict while another one runs."""
        taken = Conflict(
            "notary_runs", f"A notary runs in {self.folder} already.", "One is enough."
        )
        with locked(self.folder / "lock", taken):
            yield


def create(folder: Path, installation: VerifierKey, entropy: Entropy) -> None:
    """Make the folder with fresh keys, once; raises Misconfigured if it is another's."""
    if folder.exists():
        if _parse_pin(read_private(folder / _PIN)) != installation:
            raise Misconfigured(
                "installation_changed",
                f"The notary in {folder} answers to another installation.",
                "Give this one a notary of its own, or restore its keys.",
            )
        return
    fresh = folder.with_name(f".{folder.name}-{secrets.token_hex(8)}")
    fresh.mkdir(mode=FOLDER_MODE, parents=True)
    for name in _SEEDS:
        write_private(fresh / name, b64encode(entropy(KEY_BYTES)).decode() + "\n")
    write_private(fresh / _PIN, f"{installation}\n")
    (fresh / _HEADS).mkdir(mode=FOLDER_MODE)
    sync_folder(fresh)
    try:
        fresh.rename(folder)
    except OSError:  # another process was first
        shutil.rmtree(fresh)
    sync_folder(folder.parent)


def installation_vkey(prefix: str, key: ed25519.SigningKey) -> VerifierKey:
    """The vkey under which an installation signs what it sends to its notary."""
    return VerifierKey.ed25519(prefix + INSTALLATION_SUFFIX, key.public)


def _parse_pin(text: str) -> VerifierKey:
    try:
        key = VerifierKey.parse(text)
    except Invalid as error:
        raise Misconfigured("installation_vkey", f"The pinned vkey: {error.detail}") from None
    if not key.name.endswith(INSTALLATION_SUFFIX):
        raise Misconfigured(
            "installation_vkey", f"The name of an installation ends with {INSTALLATION_SUFFIX}."
        )
    return key


def _digest(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()


def _unusable(path: Path, reason: str) -> Unavailable:
    return Unavailable(
        "notary_memory",
        f"The notary cannot use its memory {path.name}: {reason}.",
        "Look at disk space and permissions; without its memory the notary signs nothing.",
    )
