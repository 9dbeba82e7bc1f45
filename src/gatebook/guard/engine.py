"""Runs all patterns over a text at once, and says where one of them matched.

Most patterns need literals, which a sieve looks for; RE2 tries only those that pass it, and only
where they may match. The few that need none are left to Hyperscan. Neither backtracks. Offsets are
of UTF-8 bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from threading import local
from typing import Any, Final

import hyperscan
import msgspec
import re2

from gatebook.core.errors import Misconfigured, Unavailable
from gatebook.guard.literals import rows
from gatebook.guard.sieve import Plan, Sieve, noted, planned

_FLAGS: Final = hyperscan.HS_FLAG_SINGLEMATCH
_MEMORY: Final = 64 << 20
"""Bytes that RE2 may take for the states of one pattern; beyond them it slows down."""


class _Compiled(msgspec.Struct, frozen=True, array_like=True):
    """All that takes time to make."""

    plan: Plan | None
    """Of the patterns that need literals, if there are any."""
    bare: bytes | None
    """The database of all others."""


class _Ready:
    """What was compiled, ready to run on one thread."""

    def __init__(self, made: _Compiled) -> None:
        """Raises HyperscanError for what another version or another machine compiled."""
        self.sieve = Sieve(made.plan) if made.plan else None
        self.bare = hyperscan.loadb(made.bare, hyperscan.HS_MODE_BLOCK) if made.bare else None
        self.scratch = hyperscan.Scratch(self.bare) if self.bare else None


class Engine:
    """The patterns of a pack, ready to run on any thread."""

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
        self._heralds = tuple(heralds or patterns)
        self._own = local()
        if not self._take(compiled):
            self._made = _compiled(self._heralds)
            self._own.ready = _Ready(self._made)

    def dump(self) -> bytes:
        """The compiled patterns, for this version of the library and this kind of processor."""
        return msgspec.msgpack.encode(self._made)

    def fired(self, text: bytes) -> list[int]:
        """The numbers of the patterns that match, or may be heralded; raises Unavailable."""
        found: list[int] = []
        ready = self._ready()
        try:
            if ready.bare:
                ready.bare.scan(text, noted, context=found, scratch=ready.scratch)
            worth = list(ready.sieve.worth(text)) if ready.sieve else []
        except hyperscan.HyperscanError as error:
            raise Unavailable(
                "guard_failed", f"The text could not be looked at: {error}."
            ) from error
        passed: set[int] = set()
        for number, start, end in worth:
            pattern = self._patterns[number]
            if number not in passed and (
                self._heralds[number] != pattern or _located(pattern).search(text, start, end)
            ):
                passed.add(number)
        return [*found, *passed]

    def _ready(self) -> _Ready:
        """Of this thread."""
        found: _Ready | None = getattr(self._own, "ready", None)
        if found is None:
            found = self._own.ready = _Ready(self._made)
        return found

    def _take(self, compiled: bytes | None) -> bool:
        if compiled is None:
            return False
        try:
            self._made = msgspec.msgpack.decode(compiled, type=_Compiled)
            self._own.ready = _Ready(self._made)
        except (msgspec.DecodeError, hyperscan.HyperscanError):
            return False
        return True

    def matches(self, number: int, text: bytes) -> Iterator[tuple[int, int]]:
        """Where a pattern matches: its group `value`, or all of it."""
        pattern = _located(self._patterns[number])
        group = pattern.groupindex.get(b"value", 0)
        for match in pattern.finditer(text):
            start, end = match.span(group)
            if start < end:
                yield start, end


def _compiled(patterns: Sequence[str]) -> _Compiled:
    for text in patterns:
        _located(text)  # refuses what is no pattern
    try:
        needed = [(number, rows(text)) for number, text in enumerate(patterns)]
        listed = [(number, row) for number, found in needed for row in found or ()]
        bare = {number: patterns[number] for number, found in needed if found is None}
        return _Compiled(planned(listed) if listed else None, _database(bare) if bare else None)
    except hyperscan.HyperscanError as error:
        raise Misconfigured(
            "guard_pattern", f"A pattern cannot be used: {error}.", "Mend or remove the rule."
        ) from error


def _database(patterns: Mapping[int, str]) -> bytes:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    texts = [_unnamed(text).encode() for text in patterns.values()]
    database.compile(expressions=texts, ids=list(patterns), flags=[_FLAGS] * len(texts))
    return bytes(hyperscan.dumpb(database))


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
