"""How much at the end of a text that is still coming may turn out to be the beginning of data.

Words of a language are none: only the last one is waited for, until it ends. What has digits in it
may go on behind a space, as numbers of cards and accounts do; a private key goes on over lines.
"""

import re
from typing import Final

LONGEST: Final = 512
"""Characters at the end of a text in which such a beginning is looked for; what was found already
and goes on is held, however long it is."""

_WORDS: Final = 12
"""In which a number may be written."""
_OPENS: Final = ("-----BEGIN", "PuTTY-User-Key-File")
_SPACES: Final = str.maketrans("\t\n\r\v\f", "     ")
# A word that the data before or behind it may be a part of.
_PART: Final = re.compile(
    r"[^ ]*[0-9<][^ ]*|[A-Z]{1,4}|[+(#][^ ]*|"
    r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[.,]?"
)
_BETWEEN: Final = re.compile(r"[A-Za-z]{1,12}[.,]?")
"""One such word may stand between two others, as the month of a date does."""


def undecided(text: str) -> int:
    """Characters at the end of a text that may still become data."""
    tail = text[-LONGEST:].translate(_SPACES)
    opened = [at for each in _OPENS if (at := tail.rfind(each)) >= 0]
    if opened:
        return len(tail) - min(opened)
    start = at = tail.rfind(" ") + 1
    may_skip = start == len(tail) or _PART.fullmatch(tail, start) is not None
    for _ in range(_WORDS):
        end = len(tail[:at].rstrip(" "))
        at = tail.rfind(" ", 0, end) + 1
        if at >= end:
            break
        if _PART.fullmatch(tail, at, end):
            start, may_skip = at, True
        elif may_skip and _BETWEEN.fullmatch(tail, at, end):
            may_skip = False
        else:
            break
    return len(tail) - start
