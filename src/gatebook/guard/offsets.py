"""The way back from a place in a rewritten text to where it came from."""

from bisect import bisect_right
from collections.abc import Iterable

Edit = tuple[int, int, int]
"""Start and end of a stretch of the text before, and how long it is in the text after."""


class Offsets:
    """Maps spans of the text after back to the text before; all offsets are code points."""

    def __init__(self, edits: Iterable[Edit], *, start: int = 0) -> None:
        """Edits in order, none over another; the text after begins at `start` of the one before."""
        self._at = [0]
        self._edits = [(start, start, 0)]
        at, done = 0, start
        for edit in edits:
            begin, end, size = edit
            at += begin - done
            self._at.append(at)
            self._edits.append(edit)
            at += size
            done = end

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where a span comes from; what was edited counts as a whole."""
        first = self._of(start)[0]
        return (first, max(first, self._of(end - 1)[1])) if start < end else (first, first)

    def _of(self, place: int) -> tuple[int, int]:
        """The span that one code point comes from."""
        number = bisect_right(self._at, place) - 1
        begin, end, size = self._edits[number]
        inside = place - self._at[number]
        if inside >= size:
            before = end + inside - size
            return before, before + 1
        return begin, end
