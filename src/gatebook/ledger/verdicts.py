"""How the streams of a log stand: complete, open, interrupted, or with a gap, declared or not."""

from collections.abc import Iterator, Sequence

from gatebook.ledger.report import Missing, StreamReport, Verdict
from gatebook.ledger.streams import Range, State, StreamState


def missing(state: State) -> Iterator[tuple[str, Missing]]:
    """Every range of entries that the log should hold and does not, with its stream's id."""
    for sid in _known(state):
        for each in _missing(state, sid):
            yield sid, each


def report(state: State, now: str) -> list[StreamReport]:
    """The verdict on every stream at `now` (a time as text), those only named included."""
    now = max([now, *(stream.at for stream in state.streams.values())])
    return [_report(state, sid, now) for sid in _known(state)]


def _known(state: State) -> list[str]:
    """Streams the log holds, then those it only names; closed ones that were forgotten are not."""
    named = [sid for sid in state.named if sid not in state.streams and sid not in state.ended]
    return [*state.streams, *named]


def _missing(state: State, sid: str) -> list[Missing]:
    stream = state.streams.get(sid)
    last = -1 if stream is None else stream.sq
    declared = sorted(state.declared.get(sid, []))
    gaps = [] if stream is None else list(stream.gaps)
    # The end is missing when a successor saw more of it. A declaration alone is no evidence that
    # there was more: it only answers for what a later entry or a successor shows to be missing.
    end = state.named.get(sid, -1)
    if end > last:
        gaps.append((last + 1, end))
    return [Missing(first=a, last=b, declared=_covered(a, b, declared)) for a, b in gaps]


def _covered(first: int, last: int, ranges: Sequence[Range]) -> bool:
    """Whether sorted ranges leave no number of [first, last] out."""
    for start, end in ranges:
        if start <= first <= end:
            first = end + 1
    return first > last


def _report(state: State, sid: str, now: str) -> StreamReport:
    gaps = _missing(state, sid)
    stream = state.streams.get(sid) or _ABSENT
    return StreamReport(
        sid=sid,
        writer=stream.writer,
        verdict=_verdict(stream, gaps, succeeded=state.named.get(sid) == stream.sq, now=now),
        first=stream.first,
        last=stream.sq,
        head=stream.head,
        opened_at=stream.opened_at,
        last_at=stream.at,
        beats=stream.beats,
        missing=gaps,
    )


def _verdict(stream: StreamState, gaps: Sequence[Missing], *, succeeded: bool, now: str) -> Verdict:
    if gaps:
        declared = all(each.declared for each in gaps)
        return Verdict.DECLARED_GAP if declared else Verdict.UNDECLARED_GAP
    if stream.closed:
        return Verdict.COMPLETE
    # Nobody can write it any more: its writer has begun another one, or its key has expired.
    return Verdict.INTERRUPTED if succeeded or stream.not_after < now else Verdict.OPEN


_ABSENT = StreamState(
    key="", writer="", opened_at="", not_after="", first=0, sq=-1, head="", at="", closed=True
)
