"""What may be spent on one text, and whether it was enough."""

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")

_DECODED: Final = 65_536
_READ_ON: Final = 262_144
_TIMES: Final = 4
_FLOOR: Final = 4_096


class Effort:
    """Whoever leaves something out because of a limit says so here."""

    def __init__(self, size: int) -> None:
        """For a text of so many code points."""
        self.decoded = min(max(_TIMES * size, _FLOOR), _DECODED)
        """Code points that decoding may still make."""
        self.rewritten = max(min(_TIMES * size, size + _DECODED), _FLOOR)
        """Code points of what is written in another way that may still be made."""
        self.read_on = _READ_ON
        """Code points of readings that may still be read in their turn."""
        self.is_complete = True

    def first(self, items: Iterable[T], most: int) -> Iterator[T]:
        """The first items; that there are more is kept in mind."""
        for number, item in enumerate(items):
            if number == most:
                self.is_complete = False
                return
            yield item
