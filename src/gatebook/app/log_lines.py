"""What our processes say while they run: one line each, on standard error, as text or as JSON.

A line never holds what an agent sent. Credentials are taken out of it, whoever wrote it. Of an
exception it has the kind and the places, and its own words only where they are known to be
harmless: the error of a parser may quote the body that it could not read.
"""

import asyncio
import json
import logging
import sys
import threading
import time
import traceback
from typing import Any, Final, Literal

from gatebook.app.scrub import scrub
from gatebook.core.clock import SECOND_US, to_text
from gatebook.core.errors import GatebookError

_LOG: Final = logging.getLogger(__name__)


class _Text(logging.Formatter):
    """UTC times; whatever would make a second line or move the cursor is spelled out."""

    def __init__(self, who: str) -> None:
        super().__init__()
        self._who = who

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        line = f"{at} {record.levelname:<7} {self._who:<11} {_message(record)}"
        for name, value in _facts(record).items():
            line += f" {name}={value}"
        if failure := _failure(record):
            line += f" | {failure}"
        if line.isprintable():
            return line
        line = line.replace("\n", " | ")
        return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in line)


class _Json(logging.Formatter):
    """One object a line; only ASCII, so that nothing moves a cursor."""

    def __init__(self, who: str) -> None:
        super().__init__()
        self._who = who

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        said: dict[str, Any] = {
            "time": to_text(int(record.created * SECOND_US)),
            "level": record.levelname.lower(),
            "process": self._who,
            "logger": record.name,
            "message": _message(record),
            **_facts(record),
        }
        if failure := _failure(record):
            said["failure"] = failure
        return json.dumps(said)


def one_line(who: str, form: Literal["text", "json"] = "text") -> logging.Formatter:
    """Words a record as one line, in the name of `who`."""
    return _Json(who) if form == "json" else _Text(who)


def log_to_stderr(who: str, form: Literal["text", "json"] = "text") -> None:
    """Have everything this process says written to standard error, in the name of `who`."""
    sink = logging.StreamHandler(sys.stderr)
    sink.setFormatter(one_line(who, form))
    logging.basicConfig(level=logging.INFO, handlers=[sink])
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_ended
    for noisy in ("uvicorn", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def loop_failed(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a loop does with an exception that nobody took: its own way would quote it."""
    what = str(context.get("message", "")).partition("<")[0].partition("(")[0].strip()
    _LOG.error("%s", what, exc_info=context.get("exception"))


def _thread_ended(arguments: threading.ExceptHookArgs) -> None:
    if issubclass(arguments.exc_type, SystemExit):
        return
    name = arguments.thread.name if arguments.thread else ""
    _LOG.error("the thread %s ended", name, exc_info=arguments.exc_value)


def _message(record: logging.LogRecord) -> str:
    try:
        return scrub(record.getMessage())
    except (TypeError, ValueError):  # logging's own way out prints all arguments
        return scrub(str(record.msg))


def _facts(record: logging.LogRecord) -> dict[str, str | int]:
    """What a record has to say by name, beside its message: its attribute `facts`."""
    facts: dict[str, str | int] = getattr(record, "facts", {})
    return facts


def _failure(record: logging.LogRecord) -> str:
    """The exception of a record with those that led to it; the last one first."""
    error = record.exc_info[1] if record.exc_info else None
    said = []
    while error is not None:
        said.append(_words(error))
        hidden = error.__suppress_context__
        error = error.__cause__ or (None if hidden else error.__context__)
    return scrub(", after ".join(said))


def _words(error: BaseException) -> str:
    """One exception: what it is, and where it went through."""
    what = type(error).__name__
    if isinstance(error, GatebookError):
        what = f"{what} {error.code}: {error}"
    elif isinstance(error, OSError) and error.strerror:
        what = f"{what}: {error.strerror}"
    places = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return f"{what} ({' > '.join(places)})" if places else what
