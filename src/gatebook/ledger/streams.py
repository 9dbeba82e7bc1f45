"""The rules of streams, as a state machine fed with the entries of a log in the order of its tree.

A stream opens with a key that the log's notary certified, counts without a hole, names before each
entry the leaf hash of the one before, never goes back in time, and closes on purpose or not at all.
The integrator, the notary and the verifier use this one machine. It raises nothing: it lists
problems, and goes on from the entry it was given, so that one changed entry is one problem.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

import msgspec

from gatebook.core.clock import to_text
from gatebook.core.errors import Invalid, Tampered
from gatebook.ledger.certificate import StreamCertificate, parse_certificate
from gatebook.ledger.ed25519 import verify
from gatebook.ledger.entry import ZERO_PREV, Entry, read, signature, signed_text
from gatebook.ledger.events import Event
from gatebook.ledger.events.stream import (
    GapDeclared,
    Predecessor,
    StreamBeat,
    StreamClosed,
    StreamOpened,
)
from gatebook.ledger.note import ED25519, KEY_ID_BYTES, VerifierKey, open_note
from gatebook.ledger.report import Problem, Problems

EventT = TypeVar("EventT", bound=Event)
Range = tuple[int, int]

_LIFE: Final = frozenset(
    kind.name for kind in (StreamOpened, StreamBeat, StreamClosed, GapDeclared)
)


class StreamState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is remembered of one stream; without a `key` nothing of it can be believed."""

    key: str
    writer: str
    opened_at: str
    not_after: str
    first: int
    sq: int
    head: str
    at: str
    closed: bool = False
    beats: int = 0
    counts: dict[str, int] = {}
    gaps: list[Range] = []


class State(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All that is remembered of a log's streams; the notary keeps it between checkpoints."""

    size: int = 0
    streams: dict[str, StreamState] = {}
    ended: set[str] = set()
    """Streams that closed and were forgotten but for their ids, which nobody may use again."""
    named: dict[str, int] = {}
    """Last sequence number that a successor says its predecessor had."""
    declared: dict[str, list[Range]] = {}
    """Sequence numbers that somebody declared lost, by stream."""


class Streams:
    """Takes entries in tree order; `settle` must follow the last one before anything is believed.

    Signatures cover `prev`, so the one on the last entry of an unbroken run authenticates the run:
    without `every_signature` only those are checked.
    """

    def __init__(
        self,
        origin: str,
        log_keys: Iterable[VerifierKey],
        state: State | None = None,
        *,
        every_signature: bool = False,
    ) -> None:
        self.state = state or State()
        self.problems = Problems()
        self.signatures = 0
        self._origin = origin
        self._log_keys = [key for key in log_keys if key.kind == ED25519]
        self._every_signature = every_signature
        self._unsigned: dict[str, tuple[int, bytes]] = {}
        self._keys: dict[str, VerifierKey] = {}

    def accept(self, leaf: bytes, digest: bytes) -> Entry | None:
        """The next entry of the tree and its leaf hash; gives its header if it can be read."""
        index = self.state.size
        self.state.size = index + 1
        try:
            entry = read(leaf)
        except Tampered as error:
            self._add(error.code, index, "", error.detail)
            return None
        stream = self.state.streams.get(entry.sid)
        if stream is None:
            stream = self._open(index, entry)
        elif (
            entry.sq != stream.sq + 1
            or entry.prev != stream.head
            or not stream.at <= entry.ts <= stream.not_after
            or stream.closed
        ) and not self._explain(index, entry, stream):
            return entry
        if entry.ev in _LIFE:
            self._live(index, entry, stream)
        stream.sq = entry.sq
        stream.head = b64encode(digest).decode()
        stream.at = entry.ts
        if self._every_signature:
            self._check_signature(index, entry.sid, leaf)
        else:
            self._unsigned[entry.sid] = (index, leaf)
        return entry

    def settle(self) -> None:
        """Check the last signature of every stream that moved since this was last called."""
        for sid in list(self._unsigned):
            self._settle(sid)

    def forget_closed(self) -> None:
        """Keep of closed streams no more than their ids."""
        closed = [sid for sid, stream in self.state.streams.items() if stream.closed]
        for sid in closed:
            del self.state.streams[sid]
            self.state.named.pop(sid, None)
        self.state.ended.update(closed)

    def _open(self, index: int, entry: Entry) -> StreamState:
        """The stream whose first entry this is, listing whatever is wrong with how it begins."""
        stream = StreamState(
            key="",
            writer="",
            opened_at=entry.ts,
            not_after=entry.ts,
            first=entry.sq,
            sq=entry.sq,
            head=entry.prev,
            at=entry.ts,
        )
        if entry.sid in self.state.ended:
            self._add("stream_duplicated", index, entry.sid, "a closed stream goes on.")
        self.state.streams[entry.sid] = stream
        if entry.ev != StreamOpened.name or entry.sq != 0 or entry.prev != ZERO_PREV:
            self._add("stream_unopened", index, entry.sid, "the stream does not begin here.")
            return stream
        opened = self._event(index, entry, StreamOpened)
        if opened is None:
            return stream
        stream.writer = opened.writer
        try:
            certificate = self._certificate(opened.certificate, entry)
        except (Tampered, Invalid) as error:
            self._add(error.code, index, entry.sid, error.detail)
            return stream
        stream.key = str(certificate.key)
        stream.not_after = to_text(certificate.not_after_us)
        if opened.predecessor is not None:
            self._succeed(index, entry, opened.predecessor)
        return stream

    def _certificate(self, note: str, entry: Entry) -> StreamCertificate:
        """The certificate, once it is the notary's, for this log, key and time."""
        checked = open_note(note.encode(), self._log_keys)
        certificate = parse_certificate(checked.note.text.decode())
        key = certificate.key
        if certificate.origin != self._origin or key.name != entry.sid or key.kind != ED25519:
            raise Tampered("certificate_other", "its certificate is for another log or stream.")
        if not to_text(certificate.not_before_us) <= entry.ts <= to_text(certificate.not_after_us):
            raise Tampered("key_expired", "it was opened outside its certificate's time.")
        return certificate

    def _succeed(self, index: int, entry: Entry, before: Predecessor) -> None:
        """Hold the new stream's word about its predecessor against what the log holds of it."""
        known = self.state.streams.get(before.sid)
        if known is not None and known.sq == before.sq and known.head != before.leaf:
            self._add(
                "predecessor_differs",
                index,
                entry.sid,
                f"it saw another entry {before.sq} of {before.sid} than the log holds.",
            )
        if before.sid not in self.state.ended:
            self.state.named[before.sid] = max(before.sq, self.state.named.get(before.sid, -1))

    def _explain(self, index: int, entry: Entry, stream: StreamState) -> bool:
        """List why an entry does not follow its stream's last; False if it may not become that."""
        self._settle(entry.sid)
        if entry.sq <= stream.sq:
            self._step_back(index, entry, stream)
            return False
        if entry.sq > stream.sq + 1:
            stream.gaps.append((stream.sq + 1, entry.sq - 1))
        elif entry.prev != stream.head:
            self._add(
                "chain_broken",
                index,
                entry.sid,
                f"it does not continue number {stream.sq} as the log holds it.",
            )
        if entry.ts < stream.at:
            self._add("time_went_back", index, entry.sid, "it is older than the one before it.")
        if stream.key and entry.ts > stream.not_after:
            self._add("key_expired", index, entry.sid, "its key had expired when it was written.")
        if stream.closed:
            self._add("after_closing", index, entry.sid, "its stream was closed before it.")
        return True

    def _step_back(self, index: int, entry: Entry, stream: StreamState) -> None:
        if entry.ev == StreamOpened.name:
            self._add("stream_duplicated", index, entry.sid, "the stream is opened a second time.")
        elif any(first <= entry.sq <= last for first, last in stream.gaps):
            stream.gaps = _without(stream.gaps, entry.sq)
            self._add("reordered", index, entry.sid, f"it comes after number {stream.sq}.")
        else:
            self._add("entry_repeated", index, entry.sid, "the log holds this number twice.")

    def _live(self, index: int, entry: Entry, stream: StreamState) -> None:
        """Entries about streams themselves."""
        if entry.ev == StreamOpened.name:
            if entry.sq != stream.first:
                self._add("stream_duplicated", index, entry.sid, "the stream is opened again.")
        elif entry.ev == StreamClosed.name:
            closed = self._event(index, entry, StreamClosed)
            if closed is not None and closed.final != entry.sq:
                self._add("closing_wrong", index, entry.sid, f"it says it is {closed.final}.")
            stream.closed = True
        elif entry.ev == StreamBeat.name:
            beat = self._event(index, entry, StreamBeat)
            if beat is not None:
                self._beat(index, entry, stream, beat)
        else:
            gap = self._event(index, entry, GapDeclared)
            if gap is not None:
                self.state.declared.setdefault(gap.sid, []).append((gap.first, gap.last))

    def _beat(self, index: int, entry: Entry, stream: StreamState, beat: StreamBeat) -> None:
        stream.beats += 1
        for name, count in beat.counts.items():
            if count < stream.counts.get(name, 0):
                self._add("counter_went_back", index, entry.sid, f"it counts fewer {name}.")
        stream.counts = beat.counts

    def _event(self, index: int, entry: Entry, kind: type[EventT]) -> EventT | None:
        try:
            return msgspec.json.decode(entry.d, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._add("event_malformed", index, entry.sid, f"its event cannot be read: {error}.")
            return None

    def _settle(self, sid: str) -> None:
        """Check the signature of the last entry of a run, before it is left or broken off."""
        pending = self._unsigned.pop(sid, None)
        if pending is not None:
            self._check_signature(pending[0], sid, pending[1])

    def _check_signature(self, index: int, sid: str, leaf: bytes) -> None:
        key = self._keys.get(sid) or self._key(sid)
        if key is None:
            return
        self.signatures += 1
        try:
            blob = signature(leaf, sid)
        except Tampered as error:
            self._add(error.code, index, sid, error.detail)
            return
        made = blob[KEY_ID_BYTES:]
        if blob[:KEY_ID_BYTES] != key.key_id or not verify(key.public, made, signed_text(leaf)):
            self._add("entry_signature", index, sid, "its signature is wrong: it was changed.")

    def _key(self, sid: str) -> VerifierKey | None:
        vkey = self.state.streams[sid].key
        if not vkey:
            return None
        key = self._keys[sid] = VerifierKey.parse(vkey)
        return key

    def _add(self, code: str, index: int, sid: str, detail: str) -> None:
        where = f"Entry {index} of stream {sid}: {detail}" if sid else f"Entry {index}: {detail}"
        self.problems.add(Problem(code=code, detail=where, index=index, sid=sid))


def _without(gaps: Sequence[Range], sq: int) -> list[Range]:
    """The gaps once `sq` has turned up inside one of them."""
    pieces = []
    for first, last in gaps:
        if first <= sq <= last:
            pieces += [(first, sq - 1), (sq + 1, last)]
        else:
            pieces.append((first, last))
    return [(first, last) for first, last in pieces if first <= last]
