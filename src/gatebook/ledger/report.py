"""What a verification says: steps, streams, problems, and the bytes that nobody vouches for.

A check that was skipped is reported as skipped, never as passed.
"""

from enum import StrEnum
from typing import Final

import msgspec

MAX_PROBLEMS: Final = 1000
"""More problems than this are counted and not listed."""


class Verdict(StrEnum):
    """How a stream stands at the size that was verified."""

    COMPLETE = "complete"
    OPEN = "open"
    INTERRUPTED = "interrupted"
    DECLARED_GAP = "declared gap"
    UNDECLARED_GAP = "undeclared gap"


class Outcome(StrEnum):
    """How a step of the verification ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Severity(StrEnum):
    """What a problem says about the book, the gravest first."""

    TAMPERED = "tampered"
    INCOMPLETE = "incomplete"
    CANNOT_CHECK = "cannot check"


EXIT_CODES: Final = {Severity.TAMPERED: 1, Severity.INCOMPLETE: 2, Severity.CANNOT_CHECK: 3}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `index` is the entry's place in the tree, -1 where none is meant."""

    code: str
    detail: str
    severity: Severity = Severity.TAMPERED
    index: int = -1
    sid: str = ""


class Problems:
    """The problems found so far: the first `MAX_PROBLEMS` of them, and how many there were."""

    def __init__(self) -> None:
        self.listed: list[Problem] = []
        self.count = 0
        self.severities: set[Severity] = set()

    def add(self, problem: Problem) -> None:
        """Take one more."""
        self.count += 1
        self.severities.add(problem.severity)
        if len(self.listed) < MAX_PROBLEMS:
            self.listed.append(problem)

    def extend(self, others: "Problems") -> None:
        """Take all of others, those that they only counted included."""
        self.count += others.count
        self.severities |= others.severities
        self.listed += others.listed[: MAX_PROBLEMS - len(self.listed)]


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of a stream that the log does not hold, first and last sequence number."""

    first: int
    last: int
    declared: bool


class StreamReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the log holds of one stream; times as the stream wrote them."""

    sid: str
    writer: str
    verdict: Verdict
    first: int
    last: int
    head: str
    """Leaf hash of the last entry, base64."""
    opened_at: str
    last_at: str
    beats: int
    missing: list[Missing]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One numbered step, in the order of `verify.py`."""

    number: int
    title: str
    outcome: Outcome
    detail: str


class Unauthenticated(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes [start, end) of a file that could be anything without a check failing."""

    path: str
    start: int
    end: int
    why: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer; `exit_code` is that of `gatebook verify`."""

    exit_code: int
    mode: str
    is_pinned: bool
    """The keys are the auditor's own; otherwise they came with the log."""
    origin: str = ""
    size: int = 0
    root: str = ""
    signed_at: str = ""
    """When the log says that it signed the checkpoint; empty where it does not say."""
    entries: int = 0
    signatures: int = 0
    steps: list[Step]
    streams: list[StreamReport] = []
    problems: list[Problem]
    problem_count: int
    unauthenticated: list[Unauthenticated] = []
    notices: list[str]
    limits: list[str]
    """What no verification of a log can show."""
