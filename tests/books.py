"""Reads a book back from its database and holds it against the rules, without our verifier.

Written apart from `ledger/streams.py` on purpose: what the writer wrote is judged by other eyes.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select

from gatebook.core.clock import from_text
from gatebook.ledger.certificate import parse_certificate
from gatebook.ledger.ed25519 import verify
from gatebook.ledger.note import open_note
from gatebook.storage.database import Database
from gatebook.storage.tables import entries, streams
from tests.simulators.certifier import log_signer


class Kept(NamedTuple):
    """One entry as it was found."""

    sq: int
    leaf: bytes
    header: dict[str, Any]

    @property
    def event(self) -> str:
        """The event's name."""
        return str(self.header["ev"])

    @property
    def hash(self) -> bytes:
        """Its leaf hash (RFC 6962, section 2.1)."""
        return sha256(b"\0" + self.leaf).digest()


def read_book(database: Database) -> dict[str, list[Kept]]:
    """Every stream's entries by its id, once all rules are seen to hold."""
    with database.reading() as connection:
        rows = connection.execute(
            select(streams.c.log, streams.c.sid, entries.c.sq, entries.c.leaf)
            .join(entries, entries.c.stream_no == streams.c.no)
            .order_by(streams.c.no, entries.c.sq)
        ).all()
    return check_book((row.log, row.sid, row.sq, bytes(row.leaf)) for row in rows)


def check_book(rows: Iterable[tuple[str, str, int, bytes]]) -> dict[str, list[Kept]]:
    """Every stream's entries from (log, sid, sq, leaf) rows in order; asserts the rules."""
    book: dict[str, list[Kept]] = {}
    logs: dict[str, str] = {}
    for log, sid, sq, leaf in rows:
        kept = Kept(sq, leaf, msgspec.json.decode(leaf.split(b"\n")[1]))
        book.setdefault(sid, []).append(kept)
        assert logs.setdefault(sid, log) == log
    for sid, found in book.items():
        check_stream(logs[sid], sid, found)
    return book


def check_stream(log: str, sid: str, kept: list[Kept]) -> None:
    """Certified, contiguous, chained, signed, in time, and at its end where it says so."""
    assert kept[0].event == "stream.opened"
    certificate = kept[0].header["d"]["certificate"].encode()
    note = open_note(certificate, [log_signer(log).verifier]).note
    certified = parse_certificate(note.text.decode())
    assert certified.origin == log
    assert certified.key.name == sid
    prev, last_at = bytes(32), certified.not_before_us
    for sq, entry in enumerate(kept):
        header = entry.header
        assert (entry.sq, header["sq"], header["sid"]) == (sq, sq, sid)
        assert header["prev"] == b64encode(prev).decode()
        assert last_at <= from_text(header["ts"]) <= certified.not_after_us
        text, _, line = entry.leaf.rpartition(b"\n\n")
        blob = b64decode(line.split(b" ")[2])
        assert blob[:4] == certified.key.key_id
        assert verify(certified.key.public, blob[4:], text + b"\n")
        prev, last_at = entry.hash, from_text(header["ts"])
        if entry.event == "stream.closed":
            assert header["d"]["final"] == sq == kept[-1].sq
