"""The report of a verification, put together once its steps are done.

It says what was not vouched for as plainly as what was: bytes that no signature and no hash covers,
keys that came with the log itself, events of kinds this version does not know.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from gatebook.core.clock import SECOND_US, to_text
from gatebook.ledger.checkpoint import cosigned_at_seconds
from gatebook.ledger.note import ED25519, MLDSA44_COSIGNATURE
from gatebook.ledger.profile import Profile
from gatebook.ledger.question import Question
from gatebook.ledger.report import Report, Unauthenticated
from gatebook.ledger.steps import Steps
from gatebook.ledger.streams import Streams
from gatebook.ledger.tiles import is_needed
from gatebook.ledger.trust import TrustedCheckpoint
from gatebook.ledger.verdicts import report
from gatebook.ledger.walk import Walk

CHECKPOINT: Final = "checkpoint"
POLICY: Final = "policy.txt"

LIMITS: Final = (
    "Calls that did not go through the gate are not in the book.",
    "Entries younger than this checkpoint are not under its signature.",
    "Another history signed with the same keys shows only against witnesses or older checkpoints.",
    "A signature says who wrote an entry and that it is unchanged, not that it is true.",
)


@dataclass(frozen=True)
class Findings:
    """What the steps behind the second one worked with."""

    signed: TrustedCheckpoint
    walk: Walk
    streams: Streams
    profile: Profile


def conclude(question: Question, steps: Steps, findings: Findings | None = None) -> Report:
    """The report; without findings, of a verification that ended at its first two steps."""
    bare = Report(
        exit_code=steps.exit_code(),
        mode="full" if question.is_full else "fast",
        is_pinned=question.is_pinned,
        steps=steps.listed(),
        problems=steps.problems.listed,
        problem_count=steps.problems.count,
        notices=list(_notices(question, findings)),
        limits=list(LIMITS),
    )
    if findings is None:
        return bare
    head = findings.signed.checkpoint
    signed_at = _signed_at(findings.signed)
    return replace(
        bare,
        origin=head.origin,
        size=head.size,
        root=b64encode(head.root).decode(),
        signed_at=signed_at,
        entries=findings.walk.entries,
        signatures=findings.streams.signatures,
        streams=report(findings.streams.state, signed_at),
        unauthenticated=list(_unauthenticated(question, findings)),
    )


def _signed_at(signed: TrustedCheckpoint) -> str:
    """The time in the log's own ML-DSA signature; empty where it made none."""
    for key, line in signed.checked.signed_by:
        if key.kind == MLDSA44_COSIGNATURE and key.name == signed.checkpoint.origin:
            return to_text(cosigned_at_seconds(line) * SECOND_US)
    return ""


def _notices(question: Question, findings: Findings | None) -> Iterator[str]:
    if not question.is_pinned:
        digest = sha256(question.trust.text).hexdigest()
        yield (
            "Signed by the key inside this export: compare it with the one you were given. "
            f"SHA-256 of its {POLICY}: {digest}"
        )
        for log in question.trust.logs:
            if log.key.kind == ED25519:
                yield f"Key inside this export: {log.key}"
    if findings is not None:
        for kind, count in findings.profile.unknown_kinds.items():
            yield f"{count} events {kind} are of a kind that this version does not know."
        for kind, count in findings.profile.unknown_fields.items():
            yield f"{count} events {kind} have fields that this version does not know."


def _unauthenticated(question: Question, findings: Findings) -> Iterator[Unauthenticated]:
    """Every byte of the folder that could be changed without a step failing."""
    yield from _unchecked_lines(findings.signed)
    yield from findings.walk.surplus
    size = findings.signed.checkpoint.size
    covered = {CHECKPOINT, *(each.path for each in findings.walk.surplus)}
    for path, length in sorted(question.files.lengths().items()):
        if path not in covered and not is_needed(path, size):
            why = "not covered: this checkpoint needs no such file"
            if path == POLICY:
                why = "the keys were taken from it" if not question.is_pinned else "not used"
            yield Unauthenticated(path=path, start=0, end=length, why=why)


def _unchecked_lines(signed: TrustedCheckpoint) -> Iterator[Unauthenticated]:
    """Signature lines of keys the policy does not list, and repetitions."""
    checked = [line for _, line in signed.checked.signed_by]
    note = signed.checked.note
    start = len(note.text) + 1
    for line in note.signatures:
        end = start + len(line.encode())
        if line in checked:
            checked.remove(line)
        else:
            why = f"signature of {line.name} by a key that is not in the policy, or repeated"
            yield Unauthenticated(path=CHECKPOINT, start=start, end=end, why=why)
        start = end
