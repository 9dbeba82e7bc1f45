"""`python -m bench`: one command from nothing to `docs/explanation/performance.md`."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from bench.children import alone
from bench.pages import replaced
from bench.report import disturbance, generated, summary, to_json
from bench.rows import ROWS
from bench.run import measure
from gatebook.core.errors import GatebookError

_ROOT = Path(__file__).parent.parent
_FOLDER = _ROOT / ".bench"
_PAGE = _ROOT / "docs" / "explanation" / "performance.md"
_LEDGER = "ledger"


def main() -> int:
    """Run the benchmark; 0 if undisturbed and no row is invalid, 130 after Ctrl-C, else 1."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    rows = [row for row in ROWS if not asked.only or row.id in asked.only]
    try:
        with alone(_FOLDER):
            run = measure(
                rows,
                folder=_FOLDER / "run",
                with_ledger=not asked.only or _LEDGER in asked.only,
                quick=asked.quick,
                say=lambda line: print(f"  {line}", flush=True),
            )
    except GatebookError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbench: stopped; nothing was written", file=sys.stderr)
        return 130
    (_FOLDER / "results.json").write_bytes(to_json(run))
    print(summary(run))
    if not (asked.no_write or asked.quick or asked.only or disturbance(run)):
        _PAGE.write_text(replaced(_PAGE.read_text(), "make bench", generated(run)))
        print(f"\nwritten: {_PAGE.relative_to(_ROOT)}")
    broken = [row for row in run.rows if not row.valid and not row.skipped]
    return 1 if broken or disturbance(run) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="short rounds; the page is not written"
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="ROW",
        choices=[*(row.id for row in ROWS), _LEDGER],
        help="measure this row only (may be repeated); the page is not written",
    )
    parser.add_argument("--no-write", action="store_true", help="do not write the page")
    return parser.parse_args()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
