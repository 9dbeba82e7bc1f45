"""What is said in the events of a streamed reply, of which many go on with one text.

They differ from one another in that text, and in little else. So an event that is like the last one
is not walked over: only the text is taken out of it.
"""

import re
from collections import deque
from typing import Final, NamedTuple, Protocol

import msgspec

from gatebook.core.amazon_events import MAX_MESSAGE_BYTES, MessageSplitter, with_payload
from gatebook.core.event_stream import EventSplitter, data_of, with_data
from gatebook.core.json_strings import STRING, WHOLE
from gatebook.formats.content import MAX_VALUES_IN_REPLY, OTHER, Blind, Origin, Rule, Span, Walk
from gatebook.formats.names import NAMES

_INDEXES: Final = (
    *("index", "output_index", "content_index", "summary_index", "contentBlockIndex"),
    *("annotation_index", "partial_image_index"),
)
_ALONE: Final = frozenset(
    (
        *("id", "item_id", "model", "object", "obfuscation", "p", "responseId", "modelVersion"),
        *("system_fingerprint", "service_tier", "type", "call_id", "toolUseId"),
    )
)
"""Members of events that no rule knows and whose text is never continued by the next event."""
_OTHER: Final = "other"
_PADDING: Final = (b'"obfuscation"', b'"p"')
"""Names of members that are there to make the length of an event tell nothing."""
_COUNTS: Final = frozenset(
    (b'"sequence_number"', *[b'"%b"' % name.encode() for name in NAMES if "TokenCount" in name])
)
"""Names of members that count, which decide nothing."""
_COUNT: Final = re.compile(rb"[ \t]*+:[ \t]*+([0-9]++)")
_TEXT: Final = msgspec.json.Decoder(str)
_MOST_BYTES: Final = 4096
"""Of an event that a mould is made of."""
_MOST_MOULDS: Final = 4
"""As many texts may go on by turns."""
_MOST_MISSES: Final = 16
"""Events one after the other that were like none before; then no more moulds are made."""
_MOST: Final = MAX_MESSAGE_BYTES
"""Bytes of an event, whatever it is cut from."""
_BOM: Final = b"\xef\xbb\xbf"
_NO_JSON: Final = (b"", b"[DONE]")
"""What stands in events in place of JSON."""


class Piece(NamedTuple):
    """A text in an event of a stream.

    The pieces of one lane are one text, in the order in which they come; in the lane "" each is a
    text by itself. What no rule knows has lanes that begin with "other".
    """

    lane: str
    span: Span


class Pieces(NamedTuple):
    """All that is said in an event."""

    pieces: list[Piece]
    blind: list[Blind]


class Cutter(Protocol):
    """Cuts a streamed reply into its events as bytes arrive, and puts other data into them."""

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The events that are complete now, each with its data; raises Invalid."""
        ...

    def close(self) -> list[tuple[bytes, bytes]]:
        """What is left when no more comes."""
        ...

    def put(self, event: bytes, data: bytes) -> bytes:
        """The event with other data."""
        ...


class ServerSentEvents:
    """A Cutter of server-sent events."""

    def __init__(self) -> None:
        self._splitter = EventSplitter(_MOST)

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """See Cutter."""
        return [(event, _data(event)) for event in self._splitter.feed(data)]

    def close(self) -> list[tuple[bytes, bytes]]:
        """See Cutter."""
        return [(event, _data(event)) for event in self._splitter.close()]

    def put(self, event: bytes, data: bytes) -> bytes:
        """See Cutter."""
        return with_data(event, data)


def _data(event: bytes) -> bytes:
    """The data of an event, also where a vendor writes an error without saying that it is data."""
    event = event.removeprefix(_BOM)
    data = data_of(event)
    if data is None and event.lstrip().startswith(b"{"):
        return event.strip()
    return data or b""


class AmazonMessages:
    """A Cutter of Amazon's event stream."""

    def __init__(self) -> None:
        self._splitter = MessageSplitter()

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """See Cutter."""
        return [(message.raw, message.payload) for message in self._splitter.feed(data)]

    def close(self) -> list[tuple[bytes, bytes]]:
        """See Cutter; a message that was cut off is none, and its end is missed elsewhere."""
        return []

    def put(self, event: bytes, data: bytes) -> bytes:
        """See Cutter."""
        (message,) = MessageSplitter().feed(event)
        return with_payload(message, data)


class EventReader:
    """Reads the events of one stream by a rule."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._moulds: deque[_Mould] = deque(maxlen=_MOST_MOULDS)
        self._misses = 0

    def read(self, data: bytes) -> Pieces:
        """All that is said in an event with these data; raises Invalid as `content` does."""
        for mould in self._moulds:
            if (poured := mould.pour(data)) is not None:
                self._misses = 0
                return poured
        if data.strip() in _NO_JSON:
            return Pieces([], [])
        walk = _EventWalk()
        walk.take_all(data, self._rule)
        found = Pieces(list(map(Piece, walk.lanes, walk.spans)), walk.blind)
        self._misses += 1
        if self._misses < _MOST_MISSES and (made := _mould(data, found)) is not None:
            self._moulds.appendleft(made)
        return found


class _Mould(NamedTuple):
    """What events have in common that differ in their texts and in what they count.

    Between two `parts` there is a hole, for the text of a piece or, where it is None, for a number.
    """

    parts: list[bytes]
    holes: list[int | None]
    found: Pieces

    def pour(self, data: bytes) -> Pieces | None:
        """What is said in an event that has all the parts; None for another one."""
        at = len(self.parts[0])
        if not data.startswith(self.parts[0]):
            return None
        pieces = self.found.pieces.copy()
        for hole, part in zip(self.holes, self.parts[1:], strict=True):
            end = data.find(part, at)
            held = data[at:end]
            at = end + len(part)
            if hole is None and held.isdigit():
                continue
            text = _text(held) if end >= 0 and hole is not None else None
            if text is None or hole is None:
                return None
            lane, span = pieces[hole]
            pieces[hole] = Piece(lane, Span(text, span.origin, span.at, span.inner, span.is_fixed))
        return Pieces(pieces, self.found.blind) if at == len(data) else None


def _mould(data: bytes, found: Pieces) -> _Mould | None:
    """The mould of an event in which a text goes on."""
    if len(data) > _MOST_BYTES or not any(map(_goes_on, found.pieces)):
        return None
    by_string = {piece.span.at: index for index, piece in enumerate(found.pieces)}
    parts: list[bytes] = []
    holes: list[int | None] = []
    at, name = 0, b""
    for number, string in enumerate(STRING.finditer(data)):
        index = by_string.get(number)
        start, end = string.start() + 1, string.end() - 1
        if string[0] in _COUNTS and (count := _COUNT.match(data, string.end())):
            index, (start, end) = None, count.span(1)
        elif index is None or not (_goes_on(found.pieces[index]) or name in _PADDING):
            name = string[0]
            continue
        parts.append(data[at:start])
        holes.append(index)
        at = end
    return _Mould([*parts, data[at:]], holes, found)


def _goes_on(piece: Piece) -> bool:
    """Whether this is a part of a text whose rule says so, and stands there as it is."""
    is_plain = piece.span.inner == WHOLE and not piece.span.is_fixed
    return is_plain and bool(piece.lane) and not piece.lane.startswith(_OTHER)


def _text(held: bytes) -> str | None:
    """The text that stands between quotes, if there is one and only one."""
    try:
        return _TEXT.decode(b'"%b"' % held) or None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class _EventWalk(Walk):
    """A walk over an event, which notes the lane of each span."""

    def __init__(self) -> None:
        super().__init__(MAX_VALUES_IN_REPLY)
        self.lanes: list[str] = []

    def _say(
        self,
        text: str,
        origin: Origin,
        at: int,
        rule: Rule,
        name: str | None = None,
        *,
        is_fixed: bool = False,
    ) -> None:
        super()._say(text, origin, at, rule, name, is_fixed=is_fixed)
        self.lanes.append(self._lane(rule, name))

    def _add(self, spans: list[Span]) -> None:
        super()._add(spans)
        self.lanes += [""] * len(spans)

    def _lane(self, rule: Rule, name: str | None) -> str:
        """The name that a rule gives it, behind the indexes of all that it stands in."""
        if not rule.lane and (rule is not OTHER or name in _ALONE):
            return ""
        around = [held for *_, held in self._stack if type(held) is dict]
        steps = [str(held[index]) for held in around for index in _INDEXES if index in held]
        if rule.lane:
            return ".".join([*steps, rule.lane])
        kind = around[0].get("type") if around else None
        return ".".join([_OTHER, str(kind or ""), *steps, name or ""])
