"""Whether a text is random characters, as secrets are, or stands for one."""

from itertools import pairwise
from math import log2
from string import ascii_lowercase, ascii_uppercase, digits, punctuation
from typing import Final

from gatebook.guard.checks.candidate import Candidate

_STANDING_FOR: Final = (
    "example", "placeholder", "changeme", "change_me", "change-me", "xxxx", "****", "....", "your_",
    "your-", "yourkey", "yourtoken", "yourapi", "my_api", "my-api", "my_secret", "my-secret",
    "mysecret", "redacted", "dummy", "insert", "replace", "sample", "fake", "masked", "hidden",
    "goes-here", "goes_here", "_here", "-here", "todo", "fixme", "{{", "}}", "${", "$(", "%(", "[[",
)  # fmt: skip
_RUN: Final = 8
_RUNS: Final = tuple(
    row[place : place + _RUN]
    for row in ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop")
    for place in range(len(row) - _RUN + 1)
)
"""So many characters in a row of the alphabet or of the keyboard are no accident."""
_ENOUGH: Final = 64
"""Characters by which it is told whether a text is random."""
_LONGEST_WORD: Final = 18
_APART: Final = str.maketrans(punctuation, " " * len(punctuation))
_KINDS: Final = str.maketrans(
    ascii_lowercase + ascii_uppercase + digits, "a" * 26 + "A" * 26 + "0" * 10, punctuation
)
_NO_JOINTS: Final = frozenset(punctuation) - frozenset("-_./:")
"""What joins no words."""


def token(match: Candidate) -> bool:
    """Characters that nobody chose; no `xxxx`, no words, no alphabet."""
    return not (stands_for(match.value) or is_words(match.value)) and is_varied(match.value)


def random(match: Candidate) -> bool:
    """The same for a shape that words can have too."""
    return token(match) and is_random(match.value)


def stands_for(value: str) -> bool:
    """Whether it takes the place of a secret, as in documentation and templates."""
    lower = value.lower()
    in_brackets = value.startswith("<") or value.endswith(">")
    return in_brackets or any(each in lower for each in _STANDING_FOR) or has_run(lower)


def has_run(value: str) -> bool:
    """Whether `12345678`, `abcdefgh` or one character again and again is in it."""
    lower = value.lower()
    return any(run in lower for run in _RUNS) or any(
        each * _RUN in lower for each in set(lower[:_ENOUGH])
    )


def is_varied(value: str) -> bool:
    """Whether its end, where prefixes are past, uses many characters."""
    end = value[-24:]
    return len(set(end)) >= max(5, len(end) // 3)


def is_words(value: str) -> bool:
    """Whether it is made of words in one case, with at most a short number after each."""
    numbers = sum(map(str.isdigit, value))
    if numbers > 2 or len(value) > _ENOUGH or not _NO_JOINTS.isdisjoint(value):
        return False
    parts = [part.rstrip("0123456789") for part in split(value)]
    joined = "".join(parts)
    return (
        joined.isalpha()
        and max(map(len, parts)) <= _LONGEST_WORD
        and all(part[1:].islower() or part.isupper() for part in parts if part)
        and _readable(joined)
        and (len(parts) > 1 or not numbers)
    )


def split(value: str) -> list[str]:
    """It cut where something stands that is no letter or digit."""
    return value.translate(_APART).split()


def is_random(value: str) -> bool:
    """Whether letters and digits, or small letters and capitals, follow one another at random."""
    value = value[:_ENOUGH]
    kinds = value.translate(_KINDS)
    if len(kinds) < 12 or not is_varied(value) or _is_camel(kinds):
        return False
    turns = sum(before != after for before, after in pairwise(kinds)) / (len(kinds) - 1)
    return turns >= (0.18 if "0" in kinds else 0.36) and entropy(value) >= 2.8


def _is_camel(kinds: str) -> bool:
    """Whether most of it is words that begin with capitals, as in `NextPageMarker`."""
    words = [run for run in kinds.replace("0", "A").split("A") if len(run) > 2]
    few = kinds.count("0") <= 2
    return few and "A" in kinds and sum(map(len, words)) > len(kinds) / 2


def is_digest(value: str) -> bool:
    """Whether it is as long as MD5, SHA-1, SHA-256 or SHA-512 are, in hexadecimal."""
    return len(value) in {32, 40, 64, 96, 128} and is_hex(value)


def is_hex(value: str) -> bool:
    """Whether it is hexadecimal."""
    return all(each in "0123456789abcdefABCDEF" for each in value)


def is_uuid(value: str) -> bool:
    """Whether it is written as UUIDs are."""
    return [len(part) for part in value.split("-")] == [8, 4, 4, 4, 12] and is_hex(
        value.replace("-", "")
    )


def entropy(value: str) -> float:
    """Bits of a character, by Shannon."""
    shares = [value.count(each) / len(value) for each in set(value)]
    return -sum(share * log2(share) for share in shares)


def _readable(letters: str) -> bool:
    """Whether it has vowels as words have them."""
    vowels = sum(each in "aeiouyAEIOUY" for each in letters)
    return 0.2 <= vowels / len(letters) <= 0.7
