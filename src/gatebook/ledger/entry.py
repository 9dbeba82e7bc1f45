"""One entry: a signed note whose text is a domain line and one line of JSON.

    gatebook.dev/entry/v1
    {"d":{...},"ev":"call.intended","prev":"...","sid":"...","sq":7,"ts":"2026-..."}
    <empty line>
    (em dash) <sid> base64(key id || Ed25519 signature)

Bytes are verified as stored and never re-made. The key's name is the stream's id.
"""

import re
from base64 import b64decode, b64encode
from typing import Final

import msgspec

from gatebook.core.clock import to_text
from gatebook.core.errors import Invalid, Tampered
from gatebook.core.json_profile import check, encode
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.events import Event
from gatebook.ledger.note import VerifierKey

DOMAIN: Final = b"gatebook.dev/entry/v1\n"
MAX_ENTRY_BYTES: Final = 4096
"""Thin leaves: bodies live elsewhere, and tlog-tiles allows 65,535 at most."""

ZERO_PREV: Final = b64encode(bytes(32)).decode()

_DASH: Final = "\N{EM DASH} ".encode()

LONG_INTEGER: Final = re.compile(rb'":-?\d{16}')
"""Matches every integer of 2**53 or more (events hold no lists of integers) and few others.

Only what matches is looked at closely, because every call writes two entries.
"""


class _Header(msgspec.Struct, frozen=True):
    d: Event
    ev: str
    prev: str
    sid: str
    sq: int
    ts: str


class Entry(msgspec.Struct, frozen=True):
    """The header of an entry as read back; `d` is the event's JSON as stored."""

    d: msgspec.Raw
    ev: str
    prev: str
    sid: str
    sq: int
    ts: str


_DECODER = msgspec.json.Decoder(Entry)


class Pen:
    """Writes the entries of one stream; owns its private key until `destroy`."""

    def __init__(self, sid: str, key: SigningKey) -> None:
        self.verifier = VerifierKey.ed25519(sid, key.public)
        self._sid = sid
        self._key = key
        self._key_id = self.verifier.key_id
        self._lead = b"\n" + _DASH + sid.encode() + b" "

    def write(self, event: Event, sq: int, prev: str, at_us: int) -> bytes:
        """The leaf of `event` as entry `sq` after the entry whose leaf hash is `prev` (base64).

        Raises Invalid for an event that the JSON profile cannot hold or too large for a thin leaf.
        """
        try:
            line = encode(_Header(event, event.name, prev, self._sid, sq, to_text(at_us)))
        except (TypeError, ValueError, OverflowError):
            raise Invalid(
                "entry_unwritable", f"An event {event.name} holds a value that JSON cannot."
            ) from None
        if LONG_INTEGER.search(line):
            check(msgspec.json.decode(line))
        text = DOMAIN + line + b"\n"
        signature = b64encode(self._key_id + self._key.sign(text))
        leaf = text + self._lead + signature + b"\n"
        if len(leaf) > MAX_ENTRY_BYTES:
            raise Invalid(
                "entry_too_large",
                f"An event {event.name} makes an entry of {len(leaf)} bytes.",
                f"An entry has at most {MAX_ENTRY_BYTES} bytes; bodies are kept elsewhere.",
            )
        return leaf

    def destroy(self) -> None:
        """Forget the private key; the stream can never be written again."""
        self._key.destroy()


def read(leaf: bytes) -> Entry:
    """The header of a stored leaf; raises Tampered if the bytes do not have the form above.

    That it is no longer than a `Pen` makes it is checked too: a thief of a key need not use ours.
    """
    if len(leaf) > MAX_ENTRY_BYTES:
        raise Tampered(
            "entry_too_long", f"An entry has {len(leaf)} bytes, {MAX_ENTRY_BYTES} at most."
        )
    parts = leaf.split(b"\n", 5)
    if len(parts) != 5 or parts[2] or parts[4] or not leaf.startswith(DOMAIN):
        raise Tampered("entry_malformed", "An entry does not have the form of a signed note.")
    try:
        return _DECODER.decode(parts[1])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Tampered("entry_malformed", f"An entry's JSON cannot be read: {error}.") from None


def signed_text(leaf: bytes) -> bytes:
    """The part of a leaf that its signature covers (signed-note: text with its final newline)."""
    return leaf[: leaf.rindex(b"\n\n") + 1]


def signature(leaf: bytes, sid: str) -> bytes:
    """Key id and signature (4 + 64 bytes) of a leaf; raises Tampered unless `sid` made the one."""
    line = leaf[leaf.rindex(b"\n\n") + 2 :]
    lead = _DASH + sid.encode() + b" "
    encoded = line[len(lead) : -1]
    if not line.startswith(lead) or len(encoded) != 92:
        raise Tampered("entry_signature", "An entry is not signed in its stream's name.")
    try:
        blob = b64decode(encoded, validate=True)
    except ValueError:
        blob = b""
    if len(blob) != 68 or b64encode(blob) != encoded:
        raise Tampered("entry_signature", "An entry's signature is not canonical base64.")
    return blob
