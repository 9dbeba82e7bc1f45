"""Tokens that stand for values on their way to a provider, and are turned back in its answer.

A vault lives as long as its call and holds values in memory only. One value has one token, so that
the provider can tell things apart and say the same of the same; what the text holds already is
never made a token of.
"""

import re
from collections import Counter
from typing import Final

LONGEST: Final = 40
"""Characters of a token at most."""
_TOKEN: Final = re.compile(r"<[A-Z][A-Z_]{1,28}_[1-9][0-9]{0,5}>")
_DIGITS: Final = re.compile(r"[0-9]+")
_BEGUN: Final = re.compile(r"<(?:[A-Z](?:[A-Z_]{0,29}(?:[1-9][0-9]{0,5})?)?)?\Z")


class Vault:
    """The values of one call and their tokens."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._counted: Counter[str] = Counter()
        self._taken: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._values)

    def avoid(self, text: str) -> None:
        """Make no token that a text, which goes to the provider too, holds already."""
        if "<" in text:
            self._taken.update(_TOKEN.findall(text))

    def token(self, kind: str, value: str) -> str:
        """What stands for a value; `kind` is a detector's id."""
        name = _DIGITS.sub("", kind.upper()).strip("_")[:28]
        token = self._tokens.get((name, value))
        while token is None or token in self._taken:
            self._counted[name] += 1
            token = f"<{name}_{self._counted[name]}>"
        self._tokens[name, value] = token
        self._values[token] = value
        return token

    def restored(self, text: str) -> str:
        """A text with values in place of their tokens."""
        if not self._values or "<" not in text:
            return text
        return _TOKEN.sub(lambda found: self._values.get(found[0], found[0]), text)

    def places(self, text: str) -> list[tuple[int, int, str]]:
        """Where tokens stand in a text, and the values that they stand for."""
        if not self._values or "<" not in text:
            return []
        found = _TOKEN.finditer(text)
        return [(*each.span(), self._values[each[0]]) for each in found if each[0] in self._values]

    def undecided(self, text: str) -> int:
        """How many characters at the end of a text may be the beginning of a token."""
        if not self._values:
            return 0
        found = _BEGUN.search(text, max(0, len(text) - LONGEST))
        return len(text) - found.start() if found else 0
