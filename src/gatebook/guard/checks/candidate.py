"""What a check is given."""

from collections.abc import Callable
from typing import NamedTuple


class Candidate(NamedTuple):
    """What a pattern found, and what stands on both sides of it."""

    value: str
    before: str
    """Some sixty characters."""
    after: str


Check = Callable[[Candidate], bool]


def digits_of(value: str) -> list[int]:
    """Its digits; what separates them is left out."""
    return [ord(each) - 48 for each in value if "0" <= each <= "9"]


def letters_and_digits(value: str) -> str:
    """It without separators, in capitals."""
    return "".join(filter(str.isalnum, value)).upper()


def has_word(text: str, words: tuple[str, ...]) -> bool:
    """Whether one of the words (in small letters) stands in it as a word: `lic`, but not `public`.

    An underscore separates words, as in names of variables; a plural counts.
    """
    text = text.lower()
    return any(_stands(text, word) for word in words if word in text)


def _stands(text: str, word: str) -> bool:
    start = text.find(word)
    while start >= 0:
        if not (_joined(text, start) or _joined(text, _end(text, start + len(word)))):
            return True
        start = text.find(word, start + 1)
    return False


def _end(text: str, end: int) -> int:
    return end + (text[end : end + 1] == "s")


def _joined(text: str, at: int) -> bool:
    return text[max(0, at - 1) : at].isalnum() and text[at : at + 1].isalnum()
