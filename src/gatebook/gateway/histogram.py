"""Durations sorted into buckets: a list of plain numbers, cheap to add to on the path of a call."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

LOCAL_US: Final = (250, 500, *(n * 1000 for n in (1, 2, 3, 5, 10, 25, 50, 100, 250, 1000, 5000)))
"""Bounds for what this host does by itself: from a quarter of a millisecond to 5 seconds."""

REMOTE_US: Final = tuple(
    n * 10_000 for n in (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 3000, 6000, 12_000, 60_000)
)
"""Bounds for what a model takes: from 10 milliseconds to 10 minutes."""


class Histogram:
    """How many durations were within each bound; the last count is of those beyond every one."""

    __slots__ = ("bounds_us", "counts", "total_us")

    def __init__(self, bounds_us: Sequence[int]) -> None:
        self.bounds_us = bounds_us
        self.counts = [0] * (len(bounds_us) + 1)
        self.total_us = 0

    def add(self, us: int) -> None:
        """One more duration; it belongs to the first bound that it is not over."""
        self.counts[bisect_left(self.bounds_us, us)] += 1
        self.total_us += us
