"""Which committed entries get an index next, and which are held back and why.

The integrator asks before it assigns indices, because an index once assigned is never taken back
and the notary signs nothing that breaks a rule: a row that somebody changed in the database holds
its own stream back and no other.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import NamedTuple

from msgspec.structs import replace

from gatebook.core.errors import Tampered
from gatebook.ledger.merkle import leaf_hash
from gatebook.ledger.note import VerifierKey
from gatebook.ledger.report import Problem, Severity
from gatebook.ledger.streams import State, Streams
from gatebook.ledger.verdicts import missing


class Row(NamedTuple):
    """One committed entry: its number in the stream and its leaf."""

    sq: int
    leaf: bytes


class Pending(NamedTuple):
    """Entries of one stream without an index yet, in the order of their numbers."""

    stream_no: int
    sid: str
    rows: Sequence[Row]


class Run(NamedTuple):
    """Consecutive entries of one stream at consecutive indices: index = start + sq - first_sq."""

    start: int
    stream_no: int
    first_sq: int
    length: int


class Screen:
    """Keeps the streams of one log as far as they have indices, and plans the next runs.

    `held` tells after each `plan` which streams could not go on, and what is wrong with them.
    """

    def __init__(self, origin: str, log_keys: Iterable[VerifierKey], ended: Iterable[str]) -> None:
        self.held: dict[str, Problem] = {}
        self._origin = origin
        self._log_keys = list(log_keys)
        self._state = State(ended=set(ended))
        self._expired: set[str] = set()

    def resume(self, opening: bytes, last: Row, beat: Row | None = None) -> None:
        """Go on behind the last entry with an index of a stream that is not closed.

        `beat` is its newest heartbeat that has one, whose counters the next may not undercut.

        Raises Tampered if the database holds another opening than the one that was accepted.
        """
        streams = Streams(self._origin, self._log_keys, self._state)
        entry = streams.accept(opening, leaf_hash(opening))
        streams.settle()
        for problem in streams.problems.listed:
            raise Tampered(problem.code, problem.detail)
        if entry is not None and last.sq:
            if beat is not None and beat.sq < last.sq:
                streams.accept(beat.leaf, leaf_hash(beat.leaf))
            streams.accept(last.leaf, leaf_hash(last.leaf))
            # Numbers that are missing in between were declared lost before `last` got its index.
            self._state.streams[entry.sid].gaps = []
        self._state.named = {}

    def is_ended(self, sid: str) -> bool:
        """Whether the closing entry of a stream has an index, or its key expired."""
        return sid in self._state.ended or sid in self._expired

    def end_expired(self, before: str) -> set[str]:
        """End the streams whose keys expired before that time, which nobody can write any more.

        For when nothing of them is pending: an interrupted stream would be looked at for ever.
        How far they went is kept, as the notary keeps it: a successor may say that it saw more.
        """
        streams = self._state.streams
        expired = {sid for sid, stream in streams.items() if stream.not_after < before}
        expired -= self._expired
        self._expired |= expired
        return expired

    def declare(self, declarations: Iterable[bytes]) -> None:
        """Take up the `gap.declared` entries that have an index."""
        streams = Streams(self._origin, self._log_keys, State())
        for leaf in declarations:
            streams.accept(leaf, leaf_hash(leaf))
        self._state.declared = streams.state.declared

    def plan(self, size: int, pending: Iterable[Pending]) -> list[Run]:
        """The runs that follow index `size`; streams come in the order they were registered in.

        That order puts whatever a new stream says of its predecessor before the new stream.
        """
        self.held = {}
        runs: list[Run] = []
        for stream in pending:
            taken = self._take(size, stream.sid, list(stream.rows))
            runs += _runs(size, stream.stream_no, taken)
            size += len(taken)
        return runs

    def _take(self, size: int, sid: str, rows: list[Row]) -> list[Row]:
        """The rows that may have an index: all, those before the first wrong one, or none.

        A wrong one that was declared lost is left out. A sound one is taken whatever was declared:
        no operator's word takes an entry away.
        """
        while rows:
            trial = Streams(self._origin, self._log_keys, _copy(self._state, size))
            problem = _first_problem(trial, sid, rows)
            if problem is None:
                trial.forget_closed()
                self._state = trial.state
                return rows
            at = problem.index - size
            if problem.severity != Severity.INCOMPLETE and self._is_lost(sid, rows[at].sq):
                del rows[at]
            elif sid in self.held:
                return []
            else:
                self.held[sid] = problem
                rows = rows[:at]
        return []

    def _is_lost(self, sid: str, sq: int) -> bool:
        return any(first <= sq <= last for first, last in self._state.declared.get(sid, []))


def leaves_of(runs: Iterable[Run], pending: Iterable[Pending]) -> list[bytes]:
    """The leaves that the runs of one plan give indices to, in the order of those."""
    rows = {stream.stream_no: {row.sq: row.leaf for row in stream.rows} for stream in pending}
    return [
        rows[run.stream_no][sq]
        for run in runs
        for sq in range(run.first_sq, run.first_sq + run.length)
    ]


def _first_problem(trial: Streams, sid: str, rows: Sequence[Row]) -> Problem | None:
    """What is wrong with the rows, `index` being where they should be cut."""
    start = trial.state.size
    for offset, (sq, leaf) in enumerate(rows):
        entry = trial.accept(leaf, leaf_hash(leaf))
        if entry is not None and (entry.sid, entry.sq) != (sid, sq):
            return Problem(
                code="row_misplaced",
                detail=f"The database holds entry {entry.sid}.{entry.sq} as {sid}.{sq}.",
                index=start + offset,
                sid=sid,
            )
        if trial.problems.count:
            return _named(trial.problems.listed[0], sid, rows, start)
    trial.settle()
    if trial.problems.count:
        return _named(trial.problems.listed[0], sid, rows, start)
    lost = next(((of, each) for of, each in missing(trial.state) if not each.declared), None)
    if lost is None:
        return None
    return Problem(
        code="entries_missing",
        detail=f"The database lacks entries {lost[1].first} to {lost[1].last} of stream {lost[0]}.",
        severity=Severity.INCOMPLETE,
        index=start + _unbroken(rows),
        sid=sid,
    )


def _named(problem: Problem, sid: str, rows: Sequence[Row], start: int) -> Problem:
    """A problem by stream and number: the index was only tried, and another entry will have it."""
    what = problem.detail.partition(": ")[2]
    detail = f"Entry {sid}.{rows[problem.index - start].sq}: {what}"
    return replace(problem, detail=detail, sid=sid)


def _unbroken(rows: Sequence[Row]) -> int:
    """Rows before the first hole; none where a hole lies before them all or in another stream."""
    for offset in range(1, len(rows)):
        if rows[offset].sq != rows[offset - 1].sq + 1:
            return offset
    return 0


def _runs(size: int, stream_no: int, rows: Sequence[Row]) -> list[Run]:
    """Runs of rows; a new one starts behind every number that was declared lost."""
    runs: list[Run] = []
    start = 0
    while start < len(rows):
        first_sq = rows[start].sq
        end = start + 1
        while end < len(rows) and rows[end].sq == first_sq + end - start:
            end += 1
        runs.append(Run(size + start, stream_no, first_sq, end - start))
        start = end
    return runs


def _copy(state: State, size: int) -> State:
    """A state that a trial may change; `ended` is shared, because trials only read it."""
    streams = {sid: copy(stream) for sid, stream in state.streams.items()}
    for stream in streams.values():
        stream.gaps = list(stream.gaps)
    return State(
        size=size,
        streams=streams,
        ended=state.ended,
        named=dict(state.named),
        declared={sid: list(ranges) for sid, ranges in state.declared.items()},
    )
