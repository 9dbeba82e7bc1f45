"""Whether an entry is written exactly as the format says; only full verification asks.

Bytes are never re-made to be trusted: the signature covers them as stored. This check says that
every other program that reads them will see the same values.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from gatebook.core.clock import from_text
from gatebook.core.json_profile import encode, is_canonical
from gatebook.ledger.entry import DOMAIN, LONG_INTEGER, Entry
from gatebook.ledger.events import Event

_OUTSIDE: Final = "its JSON is not in the profile"

Schemas = Mapping[str, type[Event]]
"""Every kind of event that is known, by its name."""


class Profile:
    """Looks at entries one by one; sound ones of kinds or with fields it does not know count."""

    def __init__(self, schemas: Schemas) -> None:
        self.unknown_kinds: dict[str, int] = {}
        self.unknown_fields: dict[str, int] = {}
        self._decoders = {
            name: msgspec.json.Decoder(kind, strict=True) for name, kind in schemas.items()
        }

    def fault(self, leaf: bytes, entry: Entry) -> str | None:
        """What is wrong with an entry's JSON line, None if nothing is."""
        line = leaf[len(DOMAIN) : leaf.index(b"\n", len(DOMAIN))]
        if encode(entry) != line:
            return _OUTSIDE
        try:
            from_text(entry.ts)
        except ValueError:
            return "its time is not a time"
        wrong, counts = None, None
        decoder = self._decoders.get(entry.ev)
        try:
            event = decoder.decode(entry.d) if decoder else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            wrong = f"its event is not a {entry.ev}: {error}"
        else:
            if event is None:
                counts = self.unknown_kinds
            elif encode(event) != bytes(entry.d):
                counts = self.unknown_fields
            elif line.isascii() and not LONG_INTEGER.search(line):
                # What is outside the profile and yet fits a class of event is one of these two.
                return None
        if not is_canonical(bytes(entry.d)):
            return _OUTSIDE
        if counts is not None:
            counts[entry.ev] = counts.get(entry.ev, 0) + 1
        return wrong
