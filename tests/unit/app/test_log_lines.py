"""What processes say is one line each, whatever is in it, and quotes nobody."""

import asyncio
import json
import logging
import re
import sys
import threading
from typing import Any

import pytest

from gatebook.app import log_lines
from gatebook.app.log_lines import one_line
from gatebook.core.errors import Unavailable

PROMPT = "the patient is called Zebedee"
KEY = "gbk_agt_live_3fK9aQ7LmZx2b_0123456789"


def line_of(message: str, *args: object, form: Any = "text", **fields: Any) -> str:
    error = fields.pop("error", None)
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("gatebook.x", logging.INFO, __file__, 1, message, args, info)
    record.__dict__.update(fields)
    (line,) = one_line("gateway", form).format(record).splitlines()
    return line


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    """An exception that went through a function."""
    try:
        raise error from cause
    except type(error) as caught:
        return caught


def test_a_line_says_when_how_bad_who_and_what() -> None:
    line = line_of("ready at %s", "http://127.0.0.1")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO    gateway     ready at http://127.0.0.1", line
    )


def test_a_line_of_json_says_the_same_by_name() -> None:
    said = json.loads(line_of("ready at %s", "http://127.0.0.1", form="json"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", said.pop("time"))
    assert said == {
        "level": "info",
        "process": "gateway",
        "logger": "gatebook.x",
        "message": "ready at http://127.0.0.1",
    }


def test_facts_stand_behind_the_message_or_beside_it() -> None:
    facts = {"status": 200, "receipt": "sA.1"}
    assert line_of("call", facts=facts).endswith("call status=200 receipt=sA.1")
    assert json.loads(line_of("call", facts=facts, form="json")).items() >= facts.items()


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_is_told_by_kind_and_place_and_not_in_its_own_words(form: str) -> None:
    """Not even where somebody else has formatted the record before."""
    error = raised(ValueError(f"cannot read {PROMPT}"), cause=KeyError(PROMPT))
    line = line_of("failed", error=error, exc_text=f"Traceback: {PROMPT}", form=form)
    assert PROMPT not in line
    assert re.search(
        r"failed.*ValueError \(\S+test_log_lines\.py:\d+ raised\), after KeyError", line
    )


def test_an_exception_that_hides_what_led_to_it_is_told_alone() -> None:
    assert "KeyError" not in line_of("failed", error=_hiding(ValueError(), KeyError()))


def _hiding(error: Exception, behind: Exception) -> Exception:
    try:
        try:
            raise behind
        except type(behind):
            raise error from None
    except type(error) as caught:
        return caught


def test_words_that_are_known_to_be_harmless_are_told() -> None:
    ours = Unavailable("ledger_slow", "The ledger did not answer.", "Wait.")
    assert "Unavailable ledger_slow: The ledger did not answer. Wait." in line_of("", error=ours)
    assert "ConnectionRefusedError: refused" in line_of("", error=OSError(111, "refused"))


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_credential_is_taken_out_wherever_it_comes_from(form: str) -> None:
    assert KEY not in line_of("said %s", {"authorization": KEY}, form=form)
    assert KEY not in line_of("", error=Unavailable("x", f"With {KEY}."), form=form)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("evil", ["a\nb", "a\r\nb", "\x1b[2J", "\u2028", "\x85"])
def test_nothing_can_begin_a_line_or_move_the_cursor(form: str, evil: str) -> None:
    line = line_of("user said %s", evil, form=form)
    assert all(char.isprintable() for char in line)


def test_a_message_that_does_not_fit_its_arguments_is_told_without_them() -> None:
    assert line_of("%d bytes of %s", PROMPT).endswith("%d bytes of %s")


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_nobody_caught_is_not_quoted(
    form: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an exception of a task that nobody awaited, nor one that ended a thread."""
    context = {
        "message": f"Exception in callback read(b'{PROMPT}')",
        "exception": raised(ValueError(PROMPT)),
        "handle": PROMPT,
    }
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(log_lines.loop_failed)
    loop.call_exception_handler(context)
    loop.close()
    monkeypatch.setattr(sys, "stderr", None)
    for error in (ValueError(PROMPT), SystemExit(1)):
        log_lines._thread_ended(threading.ExceptHookArgs((type(error), error, None, None)))
    lines = [one_line("gateway", form).format(record) for record in caplog.records]
    assert len(lines) == 2
    assert "Exception in callback read" in lines[0]
    assert all("ValueError" in line and PROMPT not in line for line in lines)
