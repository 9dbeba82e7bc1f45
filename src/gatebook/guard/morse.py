"""Morse code of dots and dashes, letters by spaces and words by strokes or wider spaces."""

import re
from collections.abc import Iterator
from string import ascii_lowercase, digits
from typing import Final

from gatebook.guard.effort import Effort
from gatebook.guard.found import Found

_MOST: Final = 2_048
_LONGEST: Final = 65_536
_SIGNALS: Final = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .--"
    " -..- -.-- --.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----. ..--.. --..--"
    " .-.-.- -..-. ---... .----."
)
_SPELLED: Final = dict(
    zip(_SIGNALS.split(), ascii_lowercase + digits + "?,./:'", strict=True),
)
_SIGNS: Final = (b".-", b"-.")
_RUN: Final = re.compile(rb"(?<![.\w-])[.-]{1,6}(?:[ /|\n]{1,5}[.-]{1,6}(?![\w.-])){5,}+")
_BETWEEN_WORDS: Final = re.compile(r"\s*[/|]\s*|\s{2,}|\n")


def morse(raw: bytes, effort: Effort) -> Iterator[tuple[str, Found]]:
    """What dots and dashes spell; `raw` has a byte for a code point, so that offsets stay."""
    if any(sign in raw for sign in _SIGNS):
        for match in effort.first(_RUN.finditer(raw), _MOST):
            run = match[0][:_LONGEST]
            effort.is_complete &= len(run) == len(match[0])
            yield "morse", Found(*match.span(), _spelled(run.decode()))


def _spelled(run: str) -> str:
    words = _BETWEEN_WORDS.split(run)
    return " ".join("".join(_SPELLED.get(sign, "") for sign in word.split()) for word in words)
