"""How committed entries of one log become its published tree: numbered, written, signed, shown.

A process may be killed between any two lines: what is numbered stays numbered, files are written
again with the same bytes, the notary knows what it signed, and the checkpoint comes last. At the
start the database, the folder and the notary are held against one another; an older state of any
of them is named and nothing is written.
"""

from typing import Final

from gatebook.app.notary_client import NotaryClient
from gatebook.core.clock import SECOND_US, Clock, to_text
from gatebook.core.errors import Invalid, NotFound, Tampered
from gatebook.ledger.checkpoint import Checkpoint
from gatebook.ledger.entry import read
from gatebook.ledger.events.stream import GapDeclared, StreamBeat, StreamClosed
from gatebook.ledger.integrate import Screen, leaves_of
from gatebook.ledger.merkle import EMPTY_ROOT, consistency_proof, frontier, leaf_hash
from gatebook.ledger.report import Problem
from gatebook.ledger.tiles import TileHashes, files, grow
from gatebook.storage.folder import LogFolder
from gatebook.storage.sequence import Cursor, Sequencer

BATCH: Final = 4_096
"""Entries that are numbered before the notary has to sign them."""

CHECKPOINT: Final = "checkpoint"

_GRACE_US: Final = 24 * 3600 * SECOND_US
"""How long after its key has expired a stream is still asked for entries."""

_CLOSED: Final = StreamClosed.name
_BEAT_MARKER: Final = f'"ev":"{StreamBeat.name}"'.encode()
_GAP_MARKER: Final = f'"ev":"{GapDeclared.name}"'.encode()


class LogPublisher:
    """Publishes one log; after any error make a new one, which looks at everything afresh."""

    def __init__(
        self, log: str, sequencer: Sequencer, folder: LogFolder, notary: NotaryClient, clock: Clock
    ) -> None:
        """Raises Tampered if database, folder and notary contradict one another."""
        self._log = log
        self._sequencer = sequencer
        self._folder = folder
        self._notary = notary
        self._clock = clock
        self._signed = notary.checkpoint(log) or Checkpoint(log, 0, EMPTY_ROOT)
        self._size = sequencer.tree(log).size
        self._written = self._check_past()
        self._cursors: dict[int, Cursor] = {}
        self._ended: set[int] = set()
        self._numbered: list[bytes] = []
        """What `_number` gave indices last, as it was read and checked."""
        self._screen = self._resume()

    @property
    def held(self) -> dict[str, Problem]:
        """Streams that cannot go on, as of the last `publish`, and why."""
        return self._screen.held

    def publish(self) -> None:
        """Publish whatever was committed; where nothing was, have the same head signed again."""
        has_more = True
        while has_more:
            has_more = self._number()
            self._write()
            note = self._sign()
            self._show(note)

    def _number(self) -> bool:
        """Give committed entries their indices; whether as many as were allowed were there."""
        limit = BATCH - (self._size - self._signed.size)
        if limit <= 0:  # one that was killed numbered so many, perhaps with a larger BATCH
            return True
        pending = self._sequencer.pending(self._log, self._cursors, self._ended, limit)
        runs = self._screen.plan(self._size, pending)
        if runs:
            self._size = self._sequencer.commit(self._log, self._size, runs)
            self._numbered = leaves_of(runs, pending)
        next_sq = {run.stream_no: run.first_sq + run.length for run in runs}
        for stream in pending:
            at = next_sq.get(stream.stream_no, stream.rows[0].sq)
            is_held = stream.sid in self._screen.held
            self._cursors[stream.stream_no] = Cursor(stream.sid, at, is_held)
        if not pending:
            self._screen.end_expired(to_text(self._clock.now_us() - _GRACE_US))
        for number, cursor in list(self._cursors.items()):
            if self._screen.is_ended(cursor.sid):
                del self._cursors[number]
                self._ended.add(number)
        return sum(run.length for run in runs) == limit

    def _write(self) -> None:
        """Write bundles and tiles of what is numbered: just now, or by one that was cut short."""
        while self._written < self._size:
            leaves, self._numbered = self._numbered, []
            if self._written + len(leaves) != self._size:
                end = min(self._written + BATCH, self._size)
                leaves = self._sequencer.leaves(self._log, self._written, end)
            self._folder.add(grow(self._written, leaves, self._folder))
            self._written += len(leaves)

    def _sign(self) -> bytes:
        """The note over the head of what is written, once the notary has looked at it."""
        hashes = TileHashes(self._folder, self._size)
        head = Checkpoint(self._log, self._size, frontier(self._size, hashes).root())
        old = self._signed.size
        proof = consistency_proof(old, self._size, hashes) if old else ()
        note = self._notary.add_checkpoint(old, proof, head)
        self._signed = head
        return note

    def _show(self, note: bytes) -> None:
        """Put the checkpoint in place: from here on readers see the new size."""
        self._folder.replace(CHECKPOINT, note)
        self._sequencer.publish(self._log, self._size, self._clock.now_us())

    def _check_past(self) -> int:
        """How much is written, once database, folder and notary agree on what was signed."""
        signed = self._signed
        check_not_behind(self._log, self._size, signed.size)
        shown = self._folder.read(CHECKPOINT)
        if shown is not None:
            self._check_shown(self._believe(shown))
        if not signed.size:
            return 0
        is_whole = check_last(signed, self._sequencer, self._folder) and all(
            self._folder.has(path) for path in files(signed.size)
        )
        return signed.size if is_whole else 0  # else it is written again from the database

    def _believe(self, shown: bytes) -> Checkpoint:
        """The checkpoint that readers see, once its signatures are checked."""
        trust = self._notary.trust(self._log)
        try:
            return trust.check(shown).checkpoint
        except (Invalid, Tampered) as error:
            path = self._folder.folder / CHECKPOINT
            raise Tampered(
                "checkpoint_damaged",
                f"{path} is not as it was signed: {error.detail}",
                "Move that file away; the notary's last head is then signed and shown anew.",
            ) from error

    def _check_shown(self, shown: Checkpoint) -> None:
        if shown.size > self._signed.size:
            raise Tampered(
                "notary_rolled_back",
                f"The notary knows {self._signed.size} entries of {self._log}, "
                f"and has signed {shown.size}.",
                "Restore the notary's folder as it was last.",
            )
        if shown.size == self._signed.size and shown != self._signed:
            raise _differs(f"The notary has signed two roots for size {shown.size} of {self._log}.")

    def _resume(self) -> Screen:
        """The streams of the log as far as they have indices."""
        known = self._sequencer.known(self._log)
        ended = {each.no: each.sid for each in known if read(each.last.leaf).ev == _CLOSED}
        screen = Screen(self._log, self._notary.vkeys(self._log), ended.values())
        for each in known:
            if each.no not in ended:
                beat = self._sequencer.newest(each.no, each.last.sq, _BEAT_MARKER)
                screen.resume(self._sequencer.opening(each.no), each.last, beat)
                self._cursors[each.no] = Cursor(each.sid, each.last.sq + 1)
        self._ended.update(ended)
        screen.declare(self._sequencer.declarations(self._log, _GAP_MARKER))
        return screen


def check_not_behind(log: str, size: int, signed_size: int) -> None:
    """Raise Tampered if the database has fewer entries numbered than the notary has signed."""
    if size < signed_size:
        raise Tampered(
            "database_rolled_back",
            f"The database is behind the notary: {signed_size} entries of {log} were signed and "
            f"it has {size}.",
            "An older database was restored: restore the newest. Nothing is written until then.",
        )


def check_last(signed: Checkpoint, sequencer: Sequencer, folder: LogFolder) -> bool:
    """Raise Tampered unless the database holds the last entry signed; False: not published here.

    Its size alone shows little: a restored database that has grown again has other entries.
    """
    log, last = signed.origin, signed.size - 1
    (leaf,) = sequencer.leaves(log, last, signed.size)
    hashes = TileHashes(folder, signed.size)
    try:
        root, published = frontier(signed.size, hashes).root(), hashes(0, last)
    except NotFound:
        return False
    if root != signed.root:
        raise _differs(f"The published tiles of {log} are not those that were signed.")
    if leaf_hash(leaf) != published:
        raise _differs(
            f"Entry {last} of {log} is another in the database, which was restored or edited."
        )
    return True


def _differs(detail: str) -> Tampered:
    return Tampered("past_differs", detail, "Stop, and find out what was changed: gatebook verify.")
