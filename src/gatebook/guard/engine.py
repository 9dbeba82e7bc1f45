"""Runs all patterns over a text at once, and says where one of them matched.

Hyperscan says which patterns match, in time that hardly grows with their number; RE2, which is as
safe against hostile texts, says where. Neither backtracks. Offsets are of UTF-8 bytes.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from threading import local
from typing import Any, Final

import hyperscan
import re2

from gatebook.core.errors import Misconfigured, Unavailable

_FLAGS: Final = hyperscan.HS_FLAG_SINGLEMATCH
_MEMORY: Final = 64 << 20
"""Bytes that RE2 may take for the states of one pattern; beyond them it slows down."""


class Engine:
    """The patterns of a pack, ready to run."""

    def __init__(
        self,
        patterns: Sequence[str],
        compiled: bytes | None = None,
        heralds: Sequence[str] | None = None,
    ) -> None:
        """`compiled` is what `dump` gave for the same patterns; raises Misconfigured.

        `heralds` are found in their stead, to know in which texts a pattern is worth looking for.
        """
        self._patterns = tuple(patterns)
        self._database = _loaded(compiled) or _compiled(tuple(heralds or patterns))
        self._own = local()

    def dump(self) -> bytes:
        """The compiled patterns, for this version of the library and this kind of processor."""
        return bytes(hyperscan.dumpb(self._database))

    def fired(self, text: bytes) -> list[int]:
        """The numbers of the patterns that match, or are heralded; raises Unavailable."""
        found: list[int] = []
        try:
            self._database.scan(text, _note, context=found, scratch=self._scratch())
        except hyperscan.HyperscanError as error:
            raise Unavailable(
                "guard_failed", f"The text could not be looked at: {error}."
            ) from error
        return found

    def _scratch(self) -> hyperscan.Scratch:
        """Room to work in, which each thread needs for itself."""
        found: hyperscan.Scratch | None = getattr(self._own, "scratch", None)
        if found is None:
            found = self._own.scratch = hyperscan.Scratch(self._database)
        return found

    def matches(self, number: int, text: bytes) -> Iterator[tuple[int, int]]:
        """Where a pattern matches: its group `value`, or all of it."""
        pattern = _located(self._patterns[number])
        group = pattern.groupindex.get(b"value", 0)
        for match in pattern.finditer(text):
            start, end = match.span(group)
            if start < end:
                yield start, end


def _note(number: int, start: int, end: int, flags: int, context: Any) -> None:
    context.append(number)


def _compiled(patterns: Sequence[str]) -> hyperscan.Database:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    numbers = list(range(len(patterns)))
    texts = [_unnamed(text).encode() for text in patterns]
    try:
        database.compile(expressions=texts, ids=numbers, flags=[_FLAGS] * len(texts))
    except hyperscan.HyperscanError as error:
        raise Misconfigured(
            "guard_pattern", f"A pattern cannot be used: {error}.", "Mend or remove the rule."
        ) from error
    return database


def _loaded(compiled: bytes | None) -> hyperscan.Database | None:
    """None for what another version or another machine compiled."""
    if compiled is None:
        return None
    try:
        return hyperscan.loadb(compiled, hyperscan.HS_MODE_BLOCK)
    except hyperscan.HyperscanError:
        return None


@cache
def _located(pattern: str) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # bytes are counted, as Hyperscan counts them
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern.encode(), options)
    except re2.error as error:
        raise Misconfigured(
            "guard_pattern", f"A pattern cannot be used: {error}.", "Mend or remove the rule."
        ) from None


def _unnamed(pattern: str) -> str:
    """The pattern as Hyperscan takes it, which knows no names of groups."""
    return pattern.replace("(?P<value>", "(")
