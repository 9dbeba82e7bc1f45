"""The book as people follow it: what was committed, by time, with bodies opened where asked for."""

from collections.abc import Iterable
from typing import Any

import msgspec

from gatebook.core.envelope import Kek, open_data_key
from gatebook.core.errors import Tampered
from gatebook.ledger.body import body_cell, open_body
from gatebook.ledger.entry import Entry, read
from gatebook.ledger.events import Commitment
from gatebook.ledger.events.stream import StreamClosed
from gatebook.storage.database import Database
from gatebook.storage.directory import load_data_keys
from gatebook.storage.recent import Committed, newest, since


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, read; `body` is what it commits to, or why that cannot be told."""

    log: str
    reference: str
    at: str
    event: str
    data: dict[str, Any]
    body: dict[str, Any] | str | None = None


class Tail:
    """Follows one log, or all of them; `kek` opens bodies."""

    def __init__(self, database: Database, log: str | None, kek: Kek | None) -> None:
        self._database = database
        self._log = log
        self._kek = kek
        self._positions: dict[int, int] = {}
        self._ended: set[int] = set()

    def last(self, count: int) -> list[Line]:
        """The last so many entries, oldest first."""
        return self._lines(newest(self._database, self._log, max(count, 1)))[-count:]

    def more(self) -> list[Line]:
        """What was committed since the last look."""
        return self._lines(since(self._database, self._log, self._positions, self._ended))

    def _lines(self, found: Iterable[Committed]) -> list[Line]:
        keyed = []
        for each in found:
            entry = read(each.leaf)
            self._note(each, entry)
            keyed.append((entry.ts, each.stream_no, each.sq, self._line(each, entry)))
        return [line for *_, line in sorted(keyed, key=lambda item: item[:3])]

    def _note(self, each: Committed, entry: Entry) -> None:
        """Remember where a stream is, or that it has ended."""
        self._positions[each.stream_no] = each.sq
        if entry.ev == StreamClosed.name:
            del self._positions[each.stream_no]
            self._ended.add(each.stream_no)

    def _line(self, each: Committed, entry: Entry) -> Line:
        data: dict[str, Any] = msgspec.json.decode(entry.d)
        return Line(
            log=each.log,
            reference=f"{each.sid}.{each.sq}",
            at=entry.ts,
            event=entry.ev,
            data=data,
            body=self._body(each, data),
        )

    def _body(self, each: Committed, data: dict[str, Any]) -> dict[str, Any] | str | None:
        if self._kek is None or each.sealed is None:
            return None
        with self._database.reading() as connection:
            keys = {key.id: key for key in load_data_keys(connection)}
        stored = keys.get(each.data_key or "")
        if stored is None:
            return "erased: its data key was destroyed"
        try:
            commitment = msgspec.convert(data["body"], Commitment)
            cell = body_cell(each.stream_no, each.sq)
            key = open_data_key(stored, self._kek)
            opened: dict[str, Any] = msgspec.json.decode(
                open_body(each.sealed, key, cell, commitment)
            )
        except Tampered as error:
            return f"tampered with: {error.detail}"
        return opened
