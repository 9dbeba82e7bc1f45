"""What our processes say while they run: one line each, on standard error."""

import logging
import sys
import time
from typing import Final

_FORMAT: Final = "%(asctime)s %(levelname)-7s {who:<11} %(message)s"


class _OneLine(logging.Formatter):
    """UTC times; whatever would make a second line or move the cursor is spelled out."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        text = super().format(record).replace("\n", " | ")
        return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def one_line(who: str) -> logging.Formatter:
    """Words a record as one line, in the name of `who`."""
    return _OneLine(_FORMAT.format(who=who), "%Y-%m-%dT%H:%M:%SZ")


def log_to_stderr(who: str) -> None:
    """Have everything this process logs written to standard error, in the name of `who`."""
    sink = logging.StreamHandler(sys.stderr)
    sink.setFormatter(one_line(who))
    logging.basicConfig(level=logging.INFO, handlers=[sink])
    for noisy in ("uvicorn", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
