"""What an entry commits to but does not tell: kept sealed beside the book, and erasable.

The salt of the commitment lies inside the sealed body, so destroying the data key leaves nothing
that could be guessed against; the entry, its chain and its proofs stay as they are.
"""

from base64 import b64encode
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Final

from gatebook.core.envelope import Cell, DataKey
from gatebook.core.errors import Tampered
from gatebook.core.ids import Entropy
from gatebook.ledger.events import Commitment

SALT_BYTES: Final = 32


def seal_body(
    plaintext: bytes, key: DataKey, cell: Cell, entropy: Entropy
) -> tuple[bytes, Commitment]:
    """The sealed body (salt || plaintext) and the entry's commitment to it."""
    salt = entropy(SALT_BYTES)
    sealed = key.seal(salt + plaintext, cell, entropy)
    return sealed, Commitment(
        c=_proof(salt, plaintext), n=len(plaintext), h=_digest(sealed), k=key.id
    )


def open_body(sealed: bytes, key: DataKey, cell: Cell, commitment: Commitment) -> bytes:
    """The plaintext; raises Tampered unless it is the very body that the entry commits to."""
    if not compare_digest(_digest(sealed), commitment.h):
        raise _another_body()
    opened = key.unseal(sealed, cell)
    salt, plaintext = opened[:SALT_BYTES], opened[SALT_BYTES:]
    if not compare_digest(_proof(salt, plaintext), commitment.c):
        raise _another_body()
    return plaintext


def body_cell(stream_no: int, sq: int) -> Cell:
    """Where the sealed body of an entry is kept."""
    return Cell("bodies", f"{stream_no}.{sq}", "sealed")


def _proof(salt: bytes, plaintext: bytes) -> str:
    return b64encode(digest(salt, plaintext, "sha256")).decode()


def _digest(sealed: bytes) -> str:
    return b64encode(sha256(sealed).digest()).decode()


def _another_body() -> Tampered:
    return Tampered("body_mismatch", "A sealed body is not the one that its entry commits to.")
