"""How much at the end of a text that is still coming may turn out to be the beginning of data.

Words of a language are none: only the last one is waited for, until it ends. What has digits in it
may go on behind a space, as numbers of cards and accounts do; a private key goes on over lines.
"""

import re
from typing import Final

LONGEST: Final = 512
"""Characters that are held back at most; what is longer is let go when it was looked at so far."""

_WORDS: Final = 12
"""In which a number may be written."""
_OPENS: Final = "-----BEGIN"
_SPACES: Final = str.maketrans("\t\n\r\v\f", "     ")
# A word that the data before or behind it may be a part of.
_PART: Final = re.compile(r"[^ ]*[0-9][^ ]*|[A-Z]{1,4}|[+(#][^ ]*")
_PROSE: Final = re.compile(r"[A-Za-z]{1,20}(?:[ ,.;:!?'\n]{1,3}[A-Za-z]{1,20})*[ ,.;:!?'\n]*")


def undecided(text: str) -> int:
    """Characters at the end of a text that may still become data."""
    tail = text[-LONGEST:].translate(_SPACES)
    start = tail.rfind(_OPENS)
    if start >= 0:
        return len(tail) - start
    start = end = tail.rfind(" ") + 1
    for _ in range(_WORDS):
        end = len(tail[:start].rstrip(" "))
        word_at = tail.rfind(" ", 0, end) + 1
        if word_at >= end or _PART.fullmatch(tail, word_at, end) is None:
            break
        start = word_at
    return len(tail) - start


def is_prose(text: str) -> bool:
    """Whether a text is short words and nothing else, in which no detector finds anything."""
    return _PROSE.fullmatch(text) is not None
