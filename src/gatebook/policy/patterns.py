"""Patterns of names, as scopes and stops are written in them."""

from collections.abc import Iterable, Sequence


class Patterns:
    """Names in which `*` stands for anything; matching takes linear time, unlike a regex's."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._parts = [pattern.split("*") for pattern in patterns]

    def match(self, name: str) -> bool:
        """Whether the name is meant by one of the patterns."""
        return any(_fits(name, parts) for parts in self._parts)


def _fits(name: str, parts: Sequence[str]) -> bool:
    if len(parts) == 1:
        return name == parts[0]
    first, *middle, last = parts
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
