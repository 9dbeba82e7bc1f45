"""Looks at a streamed reply while it passes, and holds back what is not decided yet.

The pieces of a lane are one text. A piece goes on when all of it is decided: it cannot become data
any more, or it was edited. Events leave in the order in which they came. Arguments of a tool's call
are held until the reply is at its end: a part of them is nothing that could be judged.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, Protocol

from gatebook.core.json_strings import rewritten
from gatebook.formats.content import Blind, Origin, Span
from gatebook.formats.events import Cutter, Piece, Pieces
from gatebook.guard.edits import Edit, replacement
from gatebook.guard.inspect import Place
from gatebook.guard.undecided import undecided
from gatebook.guard.vault import Vault

_CONTEXT: Final = 160
"""Characters before what is new that are looked at with it."""
_WHOLE: Final[Origin] = "arguments"


class Judge(Protocol):
    """Looks at texts and decides; every method may raise what ends the stream."""

    def hear(self, lane: str, span: Span) -> None:
        """Another piece of a lane came; in the lane "" each is a text by itself."""
        ...

    def see(self, part: Blind) -> None:
        """A part came that nobody can look into."""
        ...

    def look(self, text: str, origin: Origin) -> tuple[Place, ...]:
        """Data in a text."""
        ...

    def whole(self, text: str) -> str:
        """Arguments of a tool's call as they may go on."""
        ...

    def decide(self, place: Place, origin: Origin, *, is_fixed: bool) -> Edit | None:
        """What is put in its place; None: nothing is."""
        ...


class _Event:
    """An event that came, and what of it is to be said otherwise."""

    __slots__ = ("data", "edits", "event", "open")

    def __init__(self, event: bytes, data: bytes, pieces: int) -> None:
        self.event = event
        self.data = data
        self.open = pieces
        """Pieces that are not decided."""
        self.edits: dict[tuple[int, int], str] = {}


class _Piece(NamedTuple):
    event: _Event
    span: Span
    start: int
    end: int
    """In the text of its lane."""


class _Lane:
    """One text that comes in pieces; offsets are from its beginning."""

    __slots__ = ("base", "decided", "edits", "origin", "pieces", "text", "worth_at")

    def __init__(self, origin: Origin) -> None:
        self.origin: Origin = origin
        self.text = ""
        """From `base` on: what may matter still."""
        self.base = 0
        self.decided = 0
        self.worth_at = 0
        """Until it has come so far, it is not looked at again."""
        self.pieces: deque[_Piece] = deque()
        self.edits: list[tuple[int, int, str]] = []
        """Places and what is put there, in order; none overlap."""

    @property
    def end(self) -> int:
        return self.base + len(self.text)

    def grow(self, event: _Event, span: Span) -> None:
        """Another piece came."""
        self.pieces.append(_Piece(event, span, self.end, self.end + len(span.text)))
        self.text += span.text

    def edit(self, start: int, end: int, new: str) -> None:
        """Put something in place of what stands there, if that has not gone yet."""
        start = max(start, self.pieces[0].start if self.pieces else self.decided)
        if self.edits and start < self.edits[-1][1]:
            first, last, before = self.edits[-1]
            self.edits[-1] = (first, max(last, end), before)
        elif start < end:
            self.edits.append((start, end, new))

    def let_go(self) -> None:
        """Say in their events what is decided of the pieces, and forget them."""
        while self.pieces and self.pieces[0].end <= self.decided:
            piece = self.pieces.popleft()
            text = self._text(piece)
            if text != piece.span.text:
                piece.event.edits[piece.span.at, piece.span.inner] = text
            piece.event.open -= 1
        first = self.pieces[0].start if self.pieces else self.decided
        self.edits = [each for each in self.edits if each[1] > first]
        keep = max(self.base, min(first, self.decided - _CONTEXT))
        self.text, self.base = self.text[keep - self.base :], keep

    def _text(self, piece: _Piece) -> str:
        """A piece with what is put there; where that reaches over several, the first has it."""
        parts, at = [], piece.start
        for start, end, new in self.edits:
            if end > piece.start and start < piece.end:
                parts.append(self.text[at - self.base : max(start, at) - self.base])
                parts.append(new if start >= piece.start else "")
                at = min(end, piece.end)
        return "".join([*parts, self.text[at - self.base : piece.end - self.base]])


class Watch:
    """Watches one stream."""

    def __init__(
        self,
        cutter: Cutter,
        read: Callable[[bytes], Pieces],
        judge: Judge,
        vault: Vault,
        *,
        holds: bool = True,
    ) -> None:
        """`read` says what is said in an event with these data.

        If it `holds` nothing, pieces are heard and go on; nothing is looked at or decided here.
        """
        self._holds = holds
        self._cutter = cutter
        self._read = read
        self._judge = judge
        self._vault = vault
        self._events: deque[_Event] = deque()
        self._lanes: dict[str, _Lane] = {}
        self.blind: list[Blind] = []
        self.size = 0
        """Characters that came."""

    def feed(self, data: bytes) -> bytes:
        """What may go on, now that this part of the reply came; raises what `judge` raises."""
        for event, said in self._cutter.feed(data):
            self._take(event, said)
        return self.left()

    def finish(self) -> bytes:
        """What is left when nothing more comes."""
        for event, said in self._cutter.close():
            self._take(event, said)
        for lane in self._lanes.values():
            self._decide(lane, is_over=True)
        return self.left()

    def left(self) -> bytes:
        """What may go on and has not yet; also where `feed` raised what ends the reply."""
        return b"".join(self._leaving())

    def _take(self, event: bytes, data: bytes) -> None:
        pieces, blind = self._read(data)
        for part in blind:
            self.blind.append(part)
            self._judge.see(part)
        held = _Event(event, data, len(pieces) if self._holds else 0)
        self._events.append(held)
        for name, span in pieces:
            self.size += len(span.text)
            self._judge.hear(name, span)
        if self._holds:
            self._hold(held, pieces)

    def _hold(self, held: _Event, pieces: Iterable[Piece]) -> None:
        grown = {}
        for name, span in pieces:
            lane = self._lanes.setdefault(name, _Lane(span.origin)) if name else _Lane(span.origin)
            lane.grow(held, span)
            if not name:
                self._decide(lane, is_over=True)
            elif lane.origin != _WHOLE:
                grown[name] = lane
        for lane in grown.values():
            self._decide(lane)

    def _decide(self, lane: _Lane, *, is_over: bool = False) -> None:
        if lane.origin == _WHOLE:
            self._decide_whole(lane)
            return
        if lane.end < lane.worth_at and not is_over:
            return
        until = lane.end
        if not is_over:
            until -= max(undecided(lane.text), self._vault.undecided(lane.text))
        if until > lane.decided:
            until = self._looked_at(lane, until, is_over=is_over)
        lane.decided = max(until, lane.decided)
        lane.let_go()

    def _decide_whole(self, lane: _Lane) -> None:
        """Arguments are JSON, and are looked at and edited as that."""
        new = self._judge.whole(lane.text)
        if new != lane.text:
            lane.edit(0, lane.end, new)
        lane.decided = lane.end
        lane.let_go()

    def _looked_at(self, lane: _Lane, until: int, *, is_over: bool) -> int:
        """Until where it is decided: not beyond the beginning of what may go on."""
        start = max(lane.base, lane.decided - _CONTEXT)
        text = lane.text[start - lane.base :]
        found = self._judge.look(text, lane.origin)
        if not is_over:
            unfinished = [start + each.start for each in found if start + each.end > until]
            if unfinished:
                until = min(until, *unfinished)
                # What goes on for long is not looked at from its beginning with every piece.
                lane.worth_at = lane.end + (lane.end - until) // 4
        is_fixed = any(piece.span.is_fixed for piece in lane.pieces)
        changes = []
        if not is_fixed:
            tokens = self._vault.places(text)
            changes = [(start + at, start + end, value) for at, end, value in tokens]
        for place in found:
            if lane.decided < start + place.end <= until:
                edit = self._judge.decide(place, lane.origin, is_fixed=is_fixed)
                if edit is not None:
                    value = text[place.start : place.end]
                    new = replacement(value, place.detector, edit, self._vault)
                    changes.append((start + place.start, start + place.end, new))
        for change in sorted(changes):
            if lane.decided < change[1] <= until:
                lane.edit(*change)
        return until

    def _leaving(self) -> Iterator[bytes]:
        while self._events and not self._events[0].open:
            held = self._events.popleft()
            if held.edits:
                yield self._cutter.put(held.event, rewritten(held.data, held.edits))
            else:
                yield held.event
