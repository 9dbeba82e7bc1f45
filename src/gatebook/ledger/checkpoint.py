"""Checkpoints (C2SP tlog-checkpoint): the signed head of a tree, and who has cosigned it.

    <origin>
    <size>
    <base64 of the root hash>

The log signs with Ed25519 (0x01) and ML-DSA-44 (0x06), witnesses cosign with 0x04 or 0x06.
Cosignatures carry POSIX seconds (C2SP tlog-cosignature). Extension lines are refused.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from gatebook.core.errors import Invalid
from gatebook.ledger import ed25519, mldsa
from gatebook.ledger.merkle import HASH_BYTES
from gatebook.ledger.note import (
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    CheckedNote,
    Note,
    NoteSigner,
    SignatureLine,
    VerifierKey,
    check_text,
    decode_base64,
    open_note,
)

MAX_NUMBER: Final = 2**63 - 1
_MAX_NAME_BYTES: Final = 255
_TIME_BYTES: Final = 8
_DECIMAL: Final = re.compile("0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """The head of one tree: its log's identity, number of entries and root hash."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or any(char < " " for char in self.origin):
            raise Invalid("checkpoint_origin", "A checkpoint's origin is one line of text.")
        if not 0 <= self.size <= MAX_NUMBER:
            raise Invalid("checkpoint_size", "A tree's size lies between 0 and 2**63 - 1.")
        if len(self.root) != HASH_BYTES:
            raise Invalid("checkpoint_root", f"A root hash has {HASH_BYTES} bytes.")

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """The checkpoint that is a note's text; raises Invalid for any other form."""
        try:
            origin, size, root, end = text.decode().split("\n")
        except ValueError:
            origin, size, root, end = "", "", "", "x"
        if end:
            raise Invalid("checkpoint_form", "A checkpoint is three lines: origin, size, root.")
        return cls(origin, parse_decimal(size), decode_base64(root))

    def encode(self) -> bytes:
        """The text that a log and its witnesses sign."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n".encode()


class Cosigner:
    """Signs checkpoints with the time: Ed25519 (0x04) or ML-DSA-44 (0x06), as its key is."""

    def __init__(self, name: str, key: ed25519.SigningKey | mldsa.SigningKey) -> None:
        of_ed25519 = isinstance(key, ed25519.SigningKey)
        kind = ED25519_COSIGNATURE if of_ed25519 else MLDSA44_COSIGNATURE
        self.verifier = VerifierKey(name, kind, key.public)
        self._key = key

    def cosign(self, checkpoint: Checkpoint, at_seconds: int) -> SignatureLine:
        """The line that belongs under `checkpoint`, made at that POSIX time."""
        message = cosigned_message(self.verifier, checkpoint, at_seconds)
        stamp = at_seconds.to_bytes(_TIME_BYTES, "big")
        return SignatureLine(
            self.verifier.name, self.verifier.key_id, stamp + self._key.sign(message)
        )


def sign_checkpoint(
    checkpoint: Checkpoint, log: NoteSigner, cosigners: Iterable[Cosigner], at_seconds: int
) -> bytes:
    """The note with the log's Ed25519 line first and one line of each cosigner after it."""
    text = checkpoint.encode()
    lines = [log.sign(text), *(each.cosign(checkpoint, at_seconds) for each in cosigners)]
    return Note(text, tuple(lines)).encode()


def open_checkpoint(raw: bytes, keys: Iterable[VerifierKey]) -> tuple[Checkpoint, CheckedNote]:
    """Parse and verify a signed checkpoint by `open_note`'s rules, cosignatures included.

    Which keys must have signed, and under which origin, is `trust.Trust`'s to say.
    """
    checked = open_note(raw, keys, check_line)
    return Checkpoint.parse(checked.note.text), checked


def check_line(key: VerifierKey, text: bytes, signature: bytes) -> bool:
    """True when `signature` of a line (time included, for cosignatures) over `text` is by `key`."""
    if key.kind not in (ED25519_COSIGNATURE, MLDSA44_COSIGNATURE):
        return check_text(key, text, signature)
    stamp, made = signature[:_TIME_BYTES], signature[_TIME_BYTES:]
    try:
        message = cosigned_message(key, Checkpoint.parse(text), int.from_bytes(stamp, "big"))
    except Invalid:
        return False
    if key.kind == ED25519_COSIGNATURE:
        return ed25519.verify(key.public, made, message)
    return mldsa.verify(key.public, made, message)


def cosigned_at_seconds(line: SignatureLine) -> int:
    """The POSIX time inside a cosignature; 0 says that the cosigner made no statement of time."""
    return int.from_bytes(line.signature[:_TIME_BYTES], "big")


def cosigned_message(key: VerifierKey, checkpoint: Checkpoint, at_seconds: int) -> bytes:
    """The bytes a cosigner signs (tlog-cosignature, "Ed25519" and "ML-DSA-44 signed message")."""
    if not 0 <= at_seconds <= MAX_NUMBER:
        raise Invalid("cosignature_time", "A cosignature's time lies between 0 and 2**63 - 1.")
    if key.kind == ED25519_COSIGNATURE:
        return b"cosignature/v1\ntime %d\n%b" % (at_seconds, checkpoint.encode())
    start = 0
    return b"".join(
        (
            b"subtree/v1\n\0",
            _opaque(key.name),
            at_seconds.to_bytes(8, "big"),
            _opaque(checkpoint.origin),
            start.to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def parse_decimal(text: str) -> int:
    """An ASCII decimal below 2**63 without sign or leading zero; raises Invalid for any other."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_NUMBER:
        raise Invalid("decimal", "A number here is a plain decimal below 2**63.")
    return int(text)


def _opaque(text: str) -> bytes:
    """`opaque<1..2^8-1>` of RFC 8446 section 3.4."""
    data = text.encode()
    if not 0 < len(data) <= _MAX_NAME_BYTES:
        raise Invalid("cosignature_name", "Names in an ML-DSA-44 signature have 1 to 255 bytes.")
    return len(data).to_bytes(1, "big") + data
