"""How anyone checks a published log without trusting the server, the database or the operator.

`verify` is the story; its numbered steps are those of the report. Fast mode hashes everything and
checks the last signature of every stream, which covers the entries before it. Full mode checks
every signature, and that every entry is written as its format and its event say.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from gatebook.core.errors import Invalid, NotFound, Tampered
from gatebook.ledger.checkpoint import Checkpoint
from gatebook.ledger.entry import Entry
from gatebook.ledger.merkle import leaf_hash
from gatebook.ledger.note import ED25519, Note
from gatebook.ledger.profile import Profile
from gatebook.ledger.question import Question
from gatebook.ledger.report import Problem, Problems, Report, Severity
from gatebook.ledger.statement import CHECKPOINT, Findings, conclude
from gatebook.ledger.steps import Steps, collect
from gatebook.ledger.streams import Streams
from gatebook.ledger.trust import NO_QUORUM, Trust, TrustedCheckpoint
from gatebook.ledger.verdicts import missing
from gatebook.ledger.walk import LogFiles, Walk, stored_root

TITLES: Final = (
    "The checkpoint is there and has the form of one",
    "Every key the policy lists for this log has signed it",
    "As many witnesses as the policy asks for have cosigned it",
    "Every entry is there",
    "The entries lead to the signed root",
    "The stored hash tiles are those of the entries",
    "The log continues every checkpoint seen before",
    "Streams open with certified keys, count without repeats and chain every entry",
    "The entries are signed by their streams",
    "Every entry is written as its format and its event say",
    "No stream has a gap that nobody declared",
    "Every receipt is in the log",
)


def verify(question: Question) -> Report:
    """Answer the question; what is wrong is in the report, nothing is raised."""
    steps = Steps(TITLES)
    trust, files = question.trust, question.files
    # 1. The checkpoint is there and has the form of one.
    raw = files.read(CHECKPOINT)
    claimed = _read_checkpoint(steps, raw)
    if raw is None or claimed is None:
        return conclude(question, steps)
    # 2. Every key the policy lists for this log has signed it.
    signed = _check_signatures(steps, trust, raw)
    if signed is None:
        return conclude(question, steps)
    # 3. As many witnesses as the policy asks for have cosigned it.
    _check_quorum(steps, trust, signed)

    # One pass over the files gathers what the other steps ask for.
    keys = [log.key for log in trust.logs if log.key.name == claimed.origin]
    streams = Streams(claimed.origin, keys, every_signature=question.is_full)
    reader = _Reader(question)
    walk = Walk(files, claimed.size, streams, reader.look if reader.is_needed else None)
    seen, unusable = _open_seen(trust, claimed, question.seen)
    walk.run({each.size for each in seen if 0 < each.size < claimed.size})

    # 4. Every entry is there.
    _check_entries(steps, walk, claimed)
    # 5. The entries lead to the signed root.
    _check_root(steps, files, walk, claimed)
    # 6. The stored hash tiles are those of the entries.
    _end_if_whole(steps, 6, walk, walk.tiles)
    # 7. The log continues every checkpoint seen before.
    _check_seen(steps, walk, claimed, seen, unusable)
    # 8. Streams open with certified keys, count without repeats and chain every entry.
    # 9. The entries are signed by their streams.
    _check_streams(steps, walk, streams)
    # 10. Every entry is written as its format and its event say.
    _check_profile(steps, question, walk, reader)
    # 11. No stream has a gap that nobody declared.
    _check_gaps(steps, walk, streams)
    # 12. Every receipt is in the log.
    _check_receipts(steps, question, reader)
    return conclude(question, steps, Findings(signed, walk, streams, reader.profile))


def _read_checkpoint(steps: Steps, raw: bytes | None) -> Checkpoint | None:
    if raw is None:
        steps.end(1, [_unusable("checkpoint_missing", "There is no checkpoint to start from.")])
        return None
    try:
        claimed = Checkpoint.parse(Note.parse(raw).text)
    except Invalid as error:
        steps.end(1, [Problem(code=error.code, detail=f"checkpoint: {error.detail}")])
        return None
    steps.end(1, [], f"{claimed.origin}, {claimed.size} entries")
    return claimed


def _check_signatures(steps: Steps, trust: Trust, raw: bytes) -> TrustedCheckpoint | None:
    try:
        signed = trust.check(raw)
    except NotFound as error:
        steps.end(2, [_unusable(error.code, error.detail)])
    except (Tampered, Invalid) as error:
        steps.end(2, [Problem(code=error.code, detail=f"checkpoint: {error.detail}")])
    else:
        origin = signed.checkpoint.origin
        if any(log.key.kind == ED25519 for log in trust.logs if log.key.name == origin):
            steps.end(2, [], f"{len(signed.checked.signed_by)} signatures")
            return signed
        detail = f"The policy has no Ed25519 key of {origin}, so streams cannot be checked."
        steps.end(2, [_unusable("log_key_missing", detail)])
    return None


def _check_quorum(steps: Steps, trust: Trust, signed: TrustedCheckpoint) -> None:
    if trust.quorum == NO_QUORUM:
        steps.skip(3, "the policy asks for no witness: another view of this log is not excluded")
    elif signed.quorum_met:
        steps.end(3, [], ", ".join(signed.cosigned_by))
    else:
        detail = f"The quorum {trust.quorum} is not met by {len(signed.cosigned_by)} cosignatures."
        steps.end(3, [_incomplete("quorum_not_met", detail)])


def _check_entries(steps: Steps, walk: Walk, claimed: Checkpoint) -> None:
    found = collect(
        _incomplete("truncated", f"Entries [{start}, {end}) are missing.", start)
        for start, end in walk.missing
    )
    found.extend(walk.bundles)
    steps.end(4, found, f"{claimed.size} entries")


def _check_root(steps: Steps, files: LogFiles, walk: Walk, claimed: Checkpoint) -> None:
    root = walk.roots.get(claimed.size)
    if root is None:
        steps.skip(5, "entries are missing, and their hashes too")
    elif root == claimed.root:
        steps.end(5, [], "" if walk.is_whole else "by stored hashes where entries are missing")
    else:
        steps.end(5, _diagnose(files, walk, claimed))


def _diagnose(files: LogFiles, walk: Walk, claimed: Checkpoint) -> Iterator[Problem]:
    """Why the entries do not lead to the signed root, as far as the stored tiles can tell."""
    yield Problem(code="root_mismatch", detail="The entries do not lead to the signed root.")
    if not walk.tiles.count:
        detail = "Entries and tiles agree with each other: the log was rewritten after signing."
        yield Problem(code="rewritten", detail=detail)
    elif stored_root(files, claimed.size) == claimed.root:
        # The stored hashes are those that were signed, so they tell which entries are not.
        computed = Counter(each.computed for each in walk.changed)
        if computed == Counter(each.stored for each in walk.changed):
            moved = ", ".join(str(each.entry) for each in walk.changed[:10])
            yield Problem(code="reordered", detail=f"Entries were put in another order: {moved}.")
            return
        for each in walk.changed:
            detail = f"Entry {each.entry} is not the one that was signed."
            yield Problem(code="entry_changed", detail=detail, index=each.entry)


def _open_seen(
    trust: Trust, claimed: Checkpoint, seen: Sequence[bytes]
) -> tuple[list[Checkpoint], Problems]:
    """The checkpoints seen before, and those that are no evidence."""
    opened, unusable = [], Problems()
    for raw in seen:
        try:
            checkpoint = trust.check(raw).checkpoint
        except (Invalid, NotFound, Tampered) as error:
            unusable.add(_unusable("seen_unusable", f"A checkpoint seen before: {error.detail}"))
            continue
        if checkpoint.origin == claimed.origin:
            opened.append(checkpoint)
        else:
            detail = f"A checkpoint seen before is of another log, {checkpoint.origin}."
            unusable.add(_unusable("seen_unusable", detail))
    return opened, unusable


def _check_seen(
    steps: Steps, walk: Walk, claimed: Checkpoint, seen: Sequence[Checkpoint], found: Problems
) -> None:
    for each in seen:
        if each.size > claimed.size:
            detail = (
                f"{each.size} entries were signed before and the log now ends at {claimed.size}: "
                f"entries [{claimed.size}, {each.size}) were taken back."
            )
            found.add(Problem(code="rolled_back", detail=detail, index=claimed.size))
        elif each.size > 0 and (root := _root_at(walk, claimed, each.size)) is None:
            detail = f"A checkpoint of {each.size} entries cannot be compared: some are missing."
            found.add(_incomplete("seen_uncompared", detail))
        elif each.size > 0 and each.root != root:
            detail = f"The first {each.size} entries are not those that were signed before."
            found.add(Problem(code="rewritten", detail=detail))
    if seen or found.count:
        steps.end(7, found, f"{len(seen)} checkpoints")
    else:
        steps.skip(7, "none was given: a newer one, or another one, is not excluded")


def _root_at(walk: Walk, claimed: Checkpoint, size: int) -> bytes | None:
    return claimed.root if size == claimed.size else walk.roots.get(size)


def _check_streams(steps: Steps, walk: Walk, streams: Streams) -> None:
    chains, signatures = Problems(), Problems()
    for problem in streams.problems.listed:
        (signatures if problem.code == "entry_signature" else chains).add(problem)
    chains.count += streams.problems.count - len(streams.problems.listed)
    _end_if_whole(steps, 8, walk, chains, f"{len(streams.state.streams)} streams")
    _end_if_whole(steps, 9, walk, signatures, f"{streams.signatures} signatures checked")


def _end_if_whole(steps: Steps, number: int, walk: Walk, found: Problems, detail: str = "") -> None:
    """End a step that is about every entry: with a hole in the log it fails or is skipped."""
    if walk.is_whole or found.count:
        steps.end(number, found, detail)
    else:
        steps.skip(number, f"only {walk.entries} entries lie before the first missing one")


def _check_profile(steps: Steps, question: Question, walk: Walk, reader: "_Reader") -> None:
    if question.is_full:
        _end_if_whole(steps, 10, walk, reader.problems)
    else:
        steps.skip(10, "fast mode; use full mode")


def _check_gaps(steps: Steps, walk: Walk, streams: Streams) -> None:
    lost = [(sid, each) for sid, each in missing(streams.state) if not each.declared]
    if not walk.is_whole:
        steps.skip(11, "entries are missing from the export itself")
        return
    steps.end(
        11,
        (
            _incomplete("undeclared_gap", f"Stream {sid} lacks entries {it.first} to {it.last}.")
            for sid, it in lost
        ),
    )


def _check_receipts(steps: Steps, question: Question, reader: "_Reader") -> None:
    if not question.receipts:
        steps.skip(12, "none was given")
        return
    found = Problems()
    for reference, leaf in question.receipts.items():
        if reference not in reader.receipts:
            found.add(_incomplete("receipt_missing", f"Entry {reference} is not in the log."))
        elif leaf is not None and leaf != reader.receipts[reference]:
            detail = f"Entry {reference} in the log is not the one receipted."
            found.add(Problem(code="receipt_differs", detail=detail))
    steps.end(12, found, f"{len(question.receipts)} receipts")


class _Reader:
    """Reads every entry during the pass, for what fast verification alone does not need."""

    def __init__(self, question: Question) -> None:
        self.problems = Problems()
        self.receipts: dict[str, bytes] = {}
        self.profile = Profile(question.schemas)
        self.is_needed = question.is_full or bool(question.receipts)
        self._is_full = question.is_full
        self._references: Collection[str] = question.receipts

    def look(self, index: int, leaf: bytes, entry: Entry) -> None:
        reference = f"{entry.sid}.{entry.sq}"
        if reference in self._references:
            self.receipts[reference] = leaf_hash(leaf)
        fault = self._fault(leaf, entry) if self._is_full else None
        if fault is not None:
            detail = f"Entry {index} of stream {entry.sid}: {fault}."
            self.problems.add(
                Problem(code="entry_profile", detail=detail, index=index, sid=entry.sid)
            )

    def _fault(self, leaf: bytes, entry: Entry) -> str | None:
        try:
            return self.profile.fault(leaf, entry)
        except (OverflowError, RecursionError, ValueError):
            return "its JSON holds what the profile cannot write"


def _incomplete(code: str, detail: str, index: int = -1) -> Problem:
    return Problem(code=code, detail=detail, severity=Severity.INCOMPLETE, index=index)


def _unusable(code: str, detail: str) -> Problem:
    return Problem(code=code, detail=detail, severity=Severity.CANNOT_CHECK)
