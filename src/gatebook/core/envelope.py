"""Envelope encryption: data keys seal values, a key-encryption key wraps the data keys.

AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces; sealed form is nonce || ciphertext || tag.
The associated data names the cell a value belongs to, so a value moved to another row, column,
tenant or key version does not open. Destroying a wrapped data key destroys all it ever sealed.
"""

from hashlib import sha256
from hmac import digest
from typing import Final, NamedTuple, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gatebook.core.errors import Tampered
from gatebook.core.ids import Entropy, new_id

KEY_BYTES: Final = 32
PLATFORM: Final = "platform"
"""Stands in the associated data where a value belongs to no organization."""

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


class Cell(NamedTuple):
    """The place a sealed value belongs to."""

    table: str
    row: str
    column: str


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


class WrappedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A data key as it is stored; without an organization it is the platform's own."""

    id: str
    organization_id: str | None
    wrapped: bytes
    kek_id: str
    created_at: int


class DataKey:
    """A data key in the clear; lives in memory only."""

    def __init__(self, id_: str, tenant: str, key: bytes) -> None:
        self.id = id_
        self._tenant = tenant
        self._key = key
        self._cipher = AESGCM(key)

    def seal(self, plaintext: bytes, cell: Cell, entropy: Entropy) -> bytes:
        """Encrypt for one place; rotate the data key before 2**32 of these."""
        return _seal(self._cipher, plaintext, _aad(self._tenant, cell, self.id), entropy)

    def unseal(self, sealed: bytes, cell: Cell) -> bytes:
        """Decrypt; raises Tampered unless these bytes were sealed by this key for this place."""
        return _unseal(self._cipher, sealed, _aad(self._tenant, cell, self.id))

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose that dies with this data key (HMAC-SHA-256 as a PRF)."""
        return digest(self._key, b"gatebook.dev/derive/v1\n" + purpose.encode(), "sha256")


def new_data_key(
    organization_id: str | None, kek: Kek, now_us: int, entropy: Entropy
) -> tuple[DataKey, WrappedKey]:
    """A fresh data key and the form in which it is stored."""
    id_ = new_id("dek", entropy)
    key = entropy(KEY_BYTES)
    tenant = organization_id or PLATFORM
    return DataKey(id_, tenant, key), WrappedKey(
        id=id_,
        organization_id=organization_id,
        wrapped=kek.wrap(key, _aad(tenant, _key_cell(id_), kek.id)),
        kek_id=kek.id,
        created_at=now_us,
    )


def open_data_key(stored: WrappedKey, kek: Kek) -> DataKey:
    """The data key in the clear; raises Tampered if it was wrapped for another row or key."""
    tenant = stored.organization_id or PLATFORM
    key = kek.unwrap(stored.wrapped, _aad(tenant, _key_cell(stored.id), stored.kek_id))
    return DataKey(stored.id, tenant, key)


def _key_cell(id_: str) -> Cell:
    return Cell("data_keys", id_, "wrapped")


def _aad(tenant: str, cell: Cell, version: str) -> bytes:
    """`tenant|table|row|column|version`; raises ValueError if a part holds the separator."""
    parts = (tenant, *cell, version)
    if any("|" in part for part in parts):
        raise ValueError("a part of a cell's name holds a |")
    return "|".join(parts).encode()


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
