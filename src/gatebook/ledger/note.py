"""Signed notes (C2SP signed-note): a text, an empty line, and signature lines.

    <text, ends with a newline>
    <empty line>
    (em dash) <key name> base64(key id || signature)

Verified are the bytes as stored. A line by an unknown key is no error, but it is reported.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final, Self

from gatebook.core.errors import Invalid, Tampered
from gatebook.ledger import ed25519, mldsa

ED25519: Final = 0x01
ED25519_COSIGNATURE: Final = 0x04
MLDSA44_COSIGNATURE: Final = 0x06

MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 100
KEY_ID_BYTES: Final = 4

_DASH: Final = "\N{EM DASH} "
_KEY_BYTES: Final = {
    ED25519: ed25519.PUBLIC_BYTES,
    ED25519_COSIGNATURE: ed25519.PUBLIC_BYTES,
    MLDSA44_COSIGNATURE: mldsa.PUBLIC_BYTES,
}


@dataclass(frozen=True)
class VerifierKey:
    """A public key with the name and the signature type it signs as; its text form is a vkey."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public) != _KEY_BYTES.get(self.kind):
            raise Invalid(
                "vkey_type",
                f"{len(self.public)} bytes are no key of signature type 0x{self.kind:02x}.",
                "Known are 0x01 and 0x04 (Ed25519) and 0x06 (ML-DSA-44).",
            )
        if self.public in ed25519.LOW_ORDER:
            raise Invalid("vkey_low_order", "This Ed25519 key is a point of low order.")

    @classmethod
    def ed25519(cls, name: str, public: bytes) -> Self:
        """A key of plain note signatures (0x01)."""
        return cls(name, ED25519, public)

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """The key of `name+keyid+base64(type || key)`; Invalid unless the key id is the hash."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        material = decode_base64(encoded)
        if not material:
            raise Invalid("vkey_form", "A verifier key reads name+keyid+base64.")
        key = cls(name, material[0], material[1:])
        if key_id != key.key_id.hex():
            raise Invalid("vkey_id", f"The key id of {name} is not the hash of name and key.")
        return key

    @cached_property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || type || key)[:4] (signed-note, "Signatures")."""
        material = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return sha256(material).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        material = b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"


@dataclass(frozen=True)
class SignatureLine:
    """One line under a note: who claims to have signed, and the bytes of the signature."""

    name: str
    key_id: bytes
    signature: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        """The line without its newline; raises Invalid for any other form."""
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        blob = decode_base64(encoded)
        if not line.startswith(_DASH) or len(blob) <= KEY_ID_BYTES:
            raise Invalid("note_signature", "A signature line reads: em dash, name, base64.")
        check_key_name(name)
        return cls(name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])

    def encode(self) -> bytes:
        """The line with its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode()}\n".encode()


@dataclass(frozen=True)
class Note:
    """A parsed note. Nothing in it may be believed before `check` has passed."""

    text: bytes
    signatures: tuple[SignatureLine, ...]

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Split a note at its last empty line; raises Invalid unless every rule of form holds."""
        if len(raw) > MAX_NOTE_BYTES:
            raise Invalid("note_too_large", f"A note has at most {MAX_NOTE_BYTES} bytes.")
        text, separator, rest = raw.rpartition(b"\n\n")
        if not separator or not rest.endswith(b"\n"):
            raise Invalid("note_form", "A note is text, an empty line, and signature lines.")
        lines = _readable(raw, rest)[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise Invalid("note_signatures", f"A note has at most {MAX_SIGNATURES} signatures.")
        return cls(text + b"\n", tuple(SignatureLine.parse(line) for line in lines))

    def encode(self) -> bytes:
        """The bytes of the note; what `parse` read, byte for byte."""
        return self.text + b"\n" + b"".join(line.encode() for line in self.signatures)


Check = Callable[[VerifierKey, bytes, bytes], bool]
"""Says whether a key made a signature (third) over a note's text (second)."""


@dataclass(frozen=True)
class CheckedNote:
    """A note at least one trusted key has signed."""

    note: Note
    signed_by: tuple[tuple[VerifierKey, SignatureLine], ...]
    unchecked: tuple[SignatureLine, ...]
    """Lines of unknown keys, and repetitions: nobody vouches for these bytes."""


def check_text(key: VerifierKey, text: bytes, signature: bytes) -> bool:
    """The check of plain notes: Ed25519 over the text, for keys of type 0x01 alone."""
    return key.kind == ED25519 and ed25519.verify(key.public, signature, text)


def open_note(raw: bytes, keys: Iterable[VerifierKey], check: Check = check_text) -> CheckedNote:
    """Parse and verify; Invalid for bad form, Tampered for a bad or no signature of `keys`.

    Signed-note, "Signatures": lines of unknown keys are left aside, a line of a known key that
    does not verify condemns the whole note.
    """
    note = Note.parse(raw)
    known = {(key.name, key.key_id): key for key in keys}
    signed_by, unchecked = [], []
    for line in note.signatures:
        key = known.pop((line.name, line.key_id), None)
        if key is None:
            unchecked.append(line)
        elif check(key, note.text, line.signature):
            signed_by.append((key, line))
        else:
            raise Tampered(
                "note_signature", f"The signature of {key.name}+{key.key_id.hex()} is wrong."
            )
    if not signed_by:
        raise Tampered("note_unsigned", "None of the trusted keys has signed the note.")
    return CheckedNote(note, tuple(signed_by), tuple(unchecked))


class NoteSigner:
    """Signs the text of notes with an Ed25519 key (type 0x01)."""

    def __init__(self, name: str, key: ed25519.SigningKey) -> None:
        self.verifier = VerifierKey.ed25519(name, key.public)
        self._key = key

    def sign(self, text: bytes) -> SignatureLine:
        """The line that belongs under `text`."""
        return SignatureLine(self.verifier.name, self.verifier.key_id, self._key.sign(text))


def sign_note(text: bytes, signers: Iterable[NoteSigner]) -> bytes:
    """A whole note; raises Invalid if `text` cannot be one."""
    raw = Note(text, tuple(signer.sign(text) for signer in signers)).encode()
    if Note.parse(raw).text != text:
        raise Invalid("note_form", "The text of a note ends with a newline.")
    return raw


def check_key_name(name: str) -> None:
    """Raise Invalid unless `name` may name a key: not empty, no Unicode space, no plus."""
    if not name or "+" in name or any(char.isspace() or char < " " for char in name):
        raise Invalid("key_name", "A key's name is not empty and has neither space nor plus.")
    if any("\ud800" <= char <= "\udfff" for char in name):
        raise Invalid("key_name", "A key's name is Unicode text.")


def decode_base64(encoded: str | bytes) -> bytes:
    """Standard base64 with padding, in its one canonical spelling; Invalid for any other."""
    try:
        blob = b64decode(encoded, validate=True)
    except ValueError:
        raise Invalid("base64", "This is not base64 (RFC 4648 section 4).") from None
    if b64encode(blob) != (encoded.encode() if isinstance(encoded, str) else encoded):
        raise Invalid("base64", "This base64 is not in its canonical form.")
    return blob


def _readable(raw: bytes, rest: bytes) -> str:
    """`rest` as text, once all of `raw` is UTF-8 without control characters but newlines."""
    try:
        whole = raw.decode()
    except UnicodeDecodeError:
        raise Invalid("note_utf8", "A note is UTF-8.") from None
    if any(char < " " for char in set(whole) - {"\n"}):
        raise Invalid("note_control", "A note has no control character but newlines.")
    return rest.decode()
