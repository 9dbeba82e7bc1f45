"""Questions to the verifier about logs made by hand."""

from collections.abc import Mapping, Sequence

from gatebook.core.registry import classes
from gatebook.ledger import events
from gatebook.ledger.question import Question
from gatebook.ledger.report import Report
from gatebook.ledger.trust import Trust
from gatebook.ledger.verify import verify
from tests.simulators.log import HandLog, MemoryFiles

SCHEMAS = {kind.name: kind for kind in classes(events, events.Event)}


def ask(
    log: HandLog,
    files: MemoryFiles | None = None,
    *,
    is_full: bool = False,
    trust: Trust | None = None,
    is_pinned: bool = True,
    seen: Sequence[bytes] = (),
    receipts: Mapping[str, bytes | None] | None = None,
) -> Report:
    """Verify a log's files, by default all of them and as its keys say."""
    return verify(
        Question(
            files=log.files() if files is None else files,
            trust=trust or log.trust(),
            is_pinned=is_pinned,
            schemas=SCHEMAS,
            is_full=is_full,
            seen=seen,
            receipts=receipts or {},
        )
    )


def codes(report: Report) -> list[str]:
    """The codes of a report's problems."""
    return [problem.code for problem in report.problems]
