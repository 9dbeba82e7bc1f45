"""How an entry gets into the book: queued, sequenced, signed, committed, and only then receipted.

One thread owns everything below: the open streams, their private keys and the store. It takes what
has queued up (group commit), writes it in one transaction and announces the receipts. A commit that
raised may have been durable, so the writer then stops, reopens the store and re-reads its heads
before it answers; what it cannot prove written it reports as not recorded.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, NamedTuple

from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import GatebookError, Invalid, Tampered, Unavailable
from gatebook.core.ids import Entropy, base62
from gatebook.ledger.attempt import Attempt, OpenStream, Outcome, prev_of
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.entry import Pen
from gatebook.ledger.events import Event
from gatebook.ledger.events.stream import Predecessor, StreamBeat, StreamClosed, StreamOpened
from gatebook.ledger.note import VerifierKey
from gatebook.ledger.ports import Certifier, Position, Store, Tx
from gatebook.ledger.settings import LedgerSettings

_LAST_MINUTE_US: Final = 60 * SECOND_US
"""A key is laid down this long before its certificate ends, because a commit takes time."""

_NOTARY_SHARE: Final = 10
"""A notary that fails is left alone ten times as long as it kept the writer waiting."""


class Draft(NamedTuple, Generic[Tx]):
    """One entry to be written: a finished event, or work whose transaction yields it.

    `ticket` comes back with the outcome; None if nobody waits for it.
    """

    log: str
    event: Event | Callable[[Tx, Position], Event]
    ticket: Any


def _groups(drafts: Sequence[Draft[Tx]], limit: int) -> list[list[Draft[Tx]]]:
    """Finished events share a transaction, `limit` at most; work, which may fail, has its own."""
    groups: list[list[Draft[Tx]]] = []
    shared = False
    for draft in drafts:
        plain = isinstance(draft.event, Event)
        if plain and shared and len(groups[-1]) < limit:
            groups[-1].append(draft)
        else:
            groups.append([draft])
        shared = plain
    return groups


class Writer(Generic[Tx]):
    """The one author of its streams. `start`, `submit` and `close` may be called from any thread.

    `announce` is called from the writer's thread with the outcomes of each group of drafts; a draft
    gets exactly one.
    `counts` supplies the heartbeat's counters from a source independent of the ledger.
    """

    def __init__(
        self,
        *,
        role: str,
        version: str,
        store: Store[Tx],
        certifier: Certifier,
        announce: Callable[[list[Outcome]], None],
        counts: Callable[[], dict[str, int]],
        settings: LedgerSettings,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._role = role
        self._version = version
        self._store = store
        self._certifier = certifier
        self._announce = announce
        self._counts = counts
        self._settings = settings
        self._clock = clock
        self._entropy = entropy
        self._boot = base62(int.from_bytes(entropy(11)), 16)
        self._queue: queue.SimpleQueue[Sequence[Draft[Tx]] | None] = queue.SimpleQueue()
        self._submitted = 0  # counted by those who submit, behind the door
        self._received = 0  # counted by the writer's thread; what is between the two waits
        self._streams: dict[str, OpenStream] = {}
        self._taken: list[Draft[Tx]] = []
        self._unsure: Attempt | None = None
        self._beat_us = settings.heartbeat_seconds * SECOND_US
        self._next_beat_us = 0
        self._next_notary_us = 0
        self._ended = False
        self._door = threading.Lock()  # nobody gets in behind the last draft that is answered
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)

    def start(self) -> None:
        """Begin to write; a stream opens with the first entry of its log."""
        self._thread.start()

    def submit(self, drafts: Sequence[Draft[Tx]]) -> None:
        """Queue all drafts or none; raises Unavailable without room or once the writer has ended.

        Those that come together wake the writer once and are committed together.
        """
        with self._door:
            if self._ended:
                raise _closed()
            waiting = self._submitted - self._received
            if waiting + len(drafts) > self._settings.queue_limit:
                raise Unavailable(
                    "ledger_queue_full",
                    "The ledger cannot keep up and takes no more entries.",
                    "Retry after a moment; if it persists, look at the database's commit latency.",
                    retry_after_seconds=1,
                )
            self._submitted += len(drafts)
            self._queue.put(drafts)

    def close(self) -> None:
        """Write what is queued, close every stream, destroy the keys and wait for the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        self._next_beat_us = self._clock.monotonic_us() + self._beat_us
        try:
            while self._take():
                for group in _groups(self._taken, self._settings.batch_limit):
                    self._write(group)
                    del self._taken[: len(group)]
                self._beat()
            self._write([Draft(log, _closing, None) for log in self._streams])
        finally:
            self._abandon()

    def _take(self) -> bool:
        """Wait for drafts and take what queued up, until a group is full; False at the end."""
        wait_us = max(0, self._next_beat_us - self._clock.monotonic_us())
        try:
            drafts = self._queue.get(timeout=wait_us / SECOND_US)
            while drafts is not None:
                self._taken += drafts
                self._received += len(drafts)
                if len(self._taken) >= self._settings.batch_limit:
                    return True
                drafts = self._queue.get_nowait()
        except queue.Empty:
            return True
        self._queue.put(None)  # met the end: come back for it once what was taken is written
        return bool(self._taken)

    def _write(self, group: Sequence[Draft[Tx]]) -> None:
        """One transaction; every draft of the group gets its receipt or the error."""
        reasons = self._keep_open(dict.fromkeys(draft.log for draft in group))
        refused: list[Outcome] = [
            (draft.ticket, reasons[draft.log]) for draft in group if draft.log in reasons
        ]
        ready = [draft for draft in group if draft.log not in reasons]
        attempt = Attempt()
        try:
            if ready:
                self._commit(attempt, lambda tx: self._fill(tx, attempt, ready))
        except GatebookError as error:
            self._answer(refused + [(draft.ticket, error) for draft in ready])
        else:
            self._answer(refused + attempt.outcomes)

    def _answer(self, outcomes: Sequence[Outcome]) -> None:
        waited_for = [outcome for outcome in outcomes if outcome[0] is not None]
        if waited_for:
            self._announce(waited_for)

    def _fill(self, tx: Tx, attempt: Attempt, drafts: Sequence[Draft[Tx]]) -> None:
        for log in dict.fromkeys(draft.log for draft in drafts):
            self._require_last(tx, self._streams[log])
        for log, event, ticket in drafts:
            stream = self._streams[log]
            now_us = self._clock.now_us()
            if not isinstance(event, Event):
                attempt.write(stream, event(tx, stream.position()), now_us, ticket)
                continue
            try:
                attempt.write(stream, event, now_us, ticket)
            except Invalid as error:  # its sender's problem, not that of the others in the group
                attempt.outcomes.append((ticket, error))

    def _require_last(self, tx: Tx, stream: OpenStream) -> None:
        """Raise Tampered if the database was put back to an older copy since the last commit."""
        stream.require(self._store.leaf(tx, stream.no, stream.sq - 1))

    def _commit(self, attempt: Attempt, fill: Callable[[Tx], None]) -> None:
        """Return only if the attempt is durable; raise if it is not, or if nobody knows yet."""
        try:
            with self._store.transaction() as tx:
                fill(tx)
                if attempt.rows:
                    self._store.append(tx, attempt.rows)
        except Unavailable:
            self._unsure = attempt
            if not self._settle_unsure():
                raise
        except Tampered:
            self._unsure = attempt  # nothing is written in any log until the heads are right
            raise
        except GatebookError:
            attempt.undo()
            raise
        else:
            attempt.written()

    def _settle_unsure(self) -> bool:
        """Reopen the store and re-read what a failed commit left behind, before writing on."""
        attempt = self._unsure
        if attempt is None:
            return False
        self._store.reopen()
        written = attempt.was_written(self._store.head, self._streams.values())
        if written:
            attempt.written()
        else:
            attempt.undo()
        self._unsure = None
        return written

    def _keep_open(self, logs: Iterable[str]) -> dict[str, GatebookError]:
        """Settle what is unsure and open what is needed; gives why a log cannot be written now."""
        try:
            self._settle_unsure()
        except GatebookError as error:
            return dict.fromkeys(logs, error)
        reasons: dict[str, GatebookError] = {}
        for log in logs:
            try:
                self._renew(log)
            except GatebookError as error:
                if self._unsure is not None:
                    return dict.fromkeys(logs, error)
                reasons[log] = error
        return reasons

    def _renew(self, log: str) -> None:
        """Open a log's stream at first use, and a successor when its key grows old."""
        stream = self._streams.get(log)
        if stream is not None and not stream.is_aging(self._clock):
            return
        try:
            self._open(log, stream)
        except Unavailable:
            if stream is None or self._unsure is not None or stream.is_spent(self._clock):
                raise

    def _open(self, log: str, old: OpenStream | None) -> None:
        """Open a stream and close the one it follows, in one transaction."""
        sid = "s" + base62(int.from_bytes(self._entropy(9)), 13)
        pen = Pen(sid, SigningKey(self._entropy(32)))
        certificate, life_us = self._certify(log, pen.verifier)
        now_us, born_us = self._clock.now_us(), self._clock.monotonic_us()
        stream = OpenStream(log, sid, pen, certified_us=now_us, life_us=life_us, born_us=born_us)

        def adopt() -> None:
            self._streams[log] = stream
            if old is not None:
                old.pen.destroy()

        attempt = Attempt(adopt)

        def fill(tx: Tx) -> None:
            if old is not None:
                self._require_last(tx, old)
            if old is not None and not old.is_spent(self._clock):
                attempt.write(old, StreamClosed(reason="key_age", final=old.sq), now_us)
                self._store.append(tx, attempt.rows)
                attempt.rows.clear()
            opened = StreamOpened(
                writer=self._role,
                certificate=certificate,
                boot=self._boot,
                version=self._version,
                predecessor=self._predecessor(tx, log),
            )
            stream.no = self._store.register(tx, log, sid, self._role)
            attempt.write(stream, opened, now_us)

        self._commit(attempt, fill)

    def _certify(self, log: str, key: VerifierKey) -> tuple[str, int]:
        """A certificate and how long its key may be used from now; never waits without end."""
        began_us = self._clock.monotonic_us()
        if began_us < self._next_notary_us:
            raise Unavailable(
                "notary_unavailable",
                "The notary did not certify a key a moment ago and is not asked again yet.",
                "See that the notary runs.",
                retry_after_seconds=1,
            )
        try:
            certificate, expires_us = self._certifier.certify(log, key)
        except Unavailable:
            ended_us = self._clock.monotonic_us()
            pause_us = max(SECOND_US, _NOTARY_SHARE * (ended_us - began_us))
            self._next_notary_us = ended_us + pause_us
            raise
        life_us = expires_us - _LAST_MINUTE_US - self._clock.now_us()
        if life_us <= 0:
            raise Unavailable(
                "certificate_expired",
                "The notary's certificate for a new key has ended before it could be used.",
                "Set the clocks of this host and of the notary's.",
            )
        return certificate, life_us

    def _predecessor(self, tx: Tx, log: str) -> Predecessor | None:
        found = self._store.predecessor(tx, log, self._role)
        if found is None:
            return None
        sid, head = found
        return Predecessor(sid=sid, sq=head.sq, leaf=prev_of(head.leaf))

    def _beat(self) -> None:
        """Every open stream says that it lives, and how many things were counted elsewhere."""
        now_us = self._clock.monotonic_us()
        if now_us < self._next_beat_us:
            return
        self._next_beat_us = now_us + self._beat_us
        beat = StreamBeat(counts=self._counts())
        self._write([Draft(log, beat, None) for log in self._streams])

    def _abandon(self) -> None:
        """Whatever ended the thread: destroy the keys, answer all who wait, let the store go."""
        with self._door:
            self._ended = True
        for stream in self._streams.values():
            stream.pen.destroy()
        waiting = self._taken
        while not self._queue.empty():
            waiting += self._queue.get_nowait() or ()
        self._answer([(draft.ticket, _closed()) for draft in waiting])
        self._store.close()


def _closing(_tx: object, at: Position) -> Event:
    return StreamClosed(reason="shutdown", final=at.sq)


def _closed() -> Unavailable:
    return Unavailable(
        "ledger_closed", "The ledger takes no more entries.", "Retry once Gatebook is up again."
    )
