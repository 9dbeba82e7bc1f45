"""The header that carries a trace from one service to the next.

Source: W3C Trace Context, 3.2 "Traceparent Header". One that is not exactly of that form is as if
it had not come: a new trace begins, and nothing of it goes on.
"""

import re
from typing import Final, NamedTuple

NAME: Final = "traceparent"

_FORM: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED: Final = 1


class Parent(NamedTuple):
    """The span of whoever called."""

    trace: int
    span: int
    is_sampled: bool


def parse(value: bytes) -> Parent | None:
    """Who called; None unless the header is of the form of its version.

    Of a version that is not known yet, what stands in the places of version 00 is read (3.2.4).
    """
    found = _FORM.fullmatch(value)
    if found is None or found[1] == b"ff" or (found[5] is not None and found[1] == b"00"):
        return None
    trace, span = int(found[2], 16), int(found[3], 16)
    if not trace or not span:
        return None
    return Parent(trace, span, bool(int(found[4], 16) & _SAMPLED))


def word(parent: Parent) -> str:
    """The header that names `parent` as the one who calls."""
    return f"00-{parent.trace:032x}-{parent.span:016x}-{int(parent.is_sampled):02x}"
