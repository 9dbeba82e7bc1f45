"""The notary's public keys as this data folder first met them: `keys/notary`, two lines of base64.

One pair of keys signs every log; a key's name in a vkey is the log's origin.
"""

import os
import secrets
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import Final

from gatebook.app.key_files import read_private, write_private
from gatebook.core.errors import Invalid, Misconfigured, Tampered
from gatebook.ledger.note import ED25519, MLDSA44_COSIGNATURE, VerifierKey
from gatebook.storage.folder import sync_folder

_KINDS: Final = (ED25519, MLDSA44_COSIGNATURE)


class NotaryPin:
    """Remembers the keys at first contact and knows them again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keys(self, origin: str) -> list[VerifierKey] | None:
        """The pinned keys under the name of a log; None before the first contact."""
        if not self._path.exists():
            return None
        try:
            materials = [b64decode(line) for line in read_private(self._path).splitlines()]
            keys = [VerifierKey(origin, each[0], each[1:]) for each in materials]
        except (ValueError, IndexError, Invalid):
            keys = []
        if [key.kind for key in keys] != list(_KINDS):
            raise Misconfigured(
                "notary_pin",
                f"{self._path} does not hold the two keys of a notary.",
                "Restore it from its backup.",
            )
        return keys

    def pin(self, keys: list[VerifierKey]) -> None:
        """Remember the keys; raises Tampered if others were pinned before."""
        if [key.kind for key in keys] != list(_KINDS):
            raise Tampered("notary_keys", "The notary does not name an Ed25519 and an ML-DSA key.")
        lines = [b64encode(bytes([key.kind]) + key.public).decode() for key in keys]
        new = self._path.with_name(f".notary-{secrets.token_hex(8)}")
        write_private(new, "".join(f"{line}\n" for line in lines))
        with suppress(FileExistsError):
            os.link(new, self._path)
        new.unlink()
        sync_folder(self._path.parent)
        if self.keys(keys[0].name) != keys:
            raise Tampered(
                "notary_key_changed",
                "The notary has other keys than those it was first met with.",
                f"Find out why; if it is meant, remove {self._path}.",
            )
