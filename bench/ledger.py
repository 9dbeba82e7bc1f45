"""The ledger rows: how fast one writer appends, how fast one core verifies."""

from pathlib import Path

from bench.figures import LedgerRates, Skipped


def measure(folder: Path, *, core: int, quick: bool) -> LedgerRates | Skipped:
    """Append signed entries durably to a book in `folder`, then verify it fast and full."""
    return Skipped("not measurable: there is no embedded store to append to yet")
