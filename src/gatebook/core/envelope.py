"""Envelope encryption: data keys seal values, a key-encryption key wraps the data keys.

AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces; sealed form is nonce || ciphertext || tag.
The associated data names the cell a value belongs to, so a value moved to another row, column,
tenant or key version does not open. Destroying a wrapped data key destroys all it ever sealed.
"""

from hashlib import sha256
from hmac import digest
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gatebook.core.errors import Tampered
from gatebook.core.ids import Entropy, new_id

KEY_BYTES: Final = 32

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


class Kek(Protocol):
    """A key-encryption key; a file in development, a KMS or an HSM in production."""

    @property
    def id(self) -> str:
        """Names the key and its version; kept beside everything it wrapped."""
        ...

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """The data key in a form that only this key-encryption key opens."""
        ...

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """The data key; raises Tampered for another key, other bytes or other associated data."""
        ...


class LocalKek:
    """A key-encryption key held in this process's memory."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        self.id = "local_" + sha256(b"gatebook.dev/kek-id/v1\n" + key).hexdigest()[:16]
        self._cipher = AESGCM(key)
        self._entropy = entropy

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """See Kek."""
        return _seal(self._cipher, key, aad, self._entropy)

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """See Kek."""
        return _unseal(self._cipher, wrapped, aad)


class WrappedKey(Protocol):
    """A data key as it is stored."""

    @property
    def id(self) -> str: ...

    @property
    def organization_id(self) -> str: ...

    @property
    def wrapped(self) -> bytes: ...

    @property
    def kek_id(self) -> str: ...


class DataKey:
    """One organization's data key in the clear; lives in memory only."""

    def __init__(self, id_: str, organization_id: str, key: bytes) -> None:
        self.id = id_
        self.organization_id = organization_id
        self._key = key
        self._cipher = AESGCM(key)

    def seal(self, plaintext: bytes, aad: bytes, entropy: Entropy) -> bytes:
        """Encrypt for the cell that `aad` names; rotate the data key before 2**32 of these."""
        return _seal(self._cipher, plaintext, aad, entropy)

    def unseal(self, sealed: bytes, aad: bytes) -> bytes:
        """Decrypt; raises Tampered unless these bytes were sealed by this key for this cell."""
        return _unseal(self._cipher, sealed, aad)

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose that dies with this data key (HMAC-SHA-256 as a PRF)."""
        return digest(self._key, b"gatebook.dev/derive/v1\n" + purpose.encode(), "sha256")

    def cell(self, table: str, row: str, column: str) -> bytes:
        """Associated data of one value: `organization|table|row|column|data key`."""
        return cell(self.organization_id, table, row, column, self.id)


def cell(tenant: str, table: str, row: str, column: str, version: str) -> bytes:
    """The associated data that ties a sealed value to its place; parts hold no `|`."""
    parts = (tenant, table, row, column, version)
    if any("|" in part for part in parts):
        raise ValueError("a part of a cell's name holds a |")
    return "|".join(parts).encode()


def new_data_key(organization_id: str, kek: Kek, entropy: Entropy) -> tuple[DataKey, bytes]:
    """A fresh data key and its wrapped form."""
    id_ = new_id("dek", entropy)
    key = entropy(KEY_BYTES)
    wrapped = kek.wrap(key, cell(organization_id, "data_keys", id_, "wrapped", kek.id))
    return DataKey(id_, organization_id, key), wrapped


def open_data_key(stored: WrappedKey, kek: Kek) -> DataKey:
    """The data key in the clear; raises Tampered if it was wrapped for another row or key."""
    aad = cell(stored.organization_id, "data_keys", stored.id, "wrapped", stored.kek_id)
    return DataKey(stored.id, stored.organization_id, kek.unwrap(stored.wrapped, aad))


def _seal(cipher: AESGCM, plaintext: bytes, aad: bytes, entropy: Entropy) -> bytes:
    nonce = entropy(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plaintext, aad)


def _unseal(cipher: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
        raise _not_ours()
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
    except InvalidTag:
        raise _not_ours() from None


def _not_ours() -> Tampered:
    return Tampered(
        "sealed_value",
        "An encrypted value does not open with the key and the place it is stored under.",
        "Check that the key files belong to this database; if they do, investigate who changed it.",
    )
