"""What a stretch of text says when it is read in another way."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from gatebook.guard.offsets import Edit, Offsets

_AROUND: Final = 256
"""Code points before and after what was rewritten that belong to it, as signals reach that far."""


class Found(NamedTuple):
    """A stretch, and what it says."""

    start: int
    end: int
    text: str
    is_exact: bool = False
    """Whether it is letter for letter."""


class Rewritten(NamedTuple):
    """A text made of what was found, and the way back."""

    text: str
    offsets: Offsets


def alone(found: Sequence[Found]) -> Rewritten:
    """What was found, a line each, without what stands between."""
    edits: list[Edit] = []
    for before, each in zip((None, *found), found, strict=False):
        if before:
            edits.append((before.end, each.start, 1))
        if not each.is_exact:
            edits.append((each.start, each.end, len(each.text)))
    return Rewritten("\n".join(each.text for each in found), Offsets(edits, start=found[0].start))


def in_place(text: str, found: Sequence[Found]) -> Rewritten:
    """The text with what was found in its places; what is far from any of them is left out."""
    start = at = max(0, found[0].start - _AROUND)
    pieces: list[str] = []
    edits: list[Edit] = []
    for each in found:
        if each.start - at > 2 * _AROUND:
            pieces += text[at : at + _AROUND], "\n"
            edits.append((at + _AROUND, each.start - _AROUND, 1))
            at = each.start - _AROUND
        pieces += text[at : each.start], each.text
        edits.append((each.start, each.end, len(each.text)))
        at = each.end
    pieces.append(text[at : at + _AROUND])
    return Rewritten("".join(pieces), Offsets(edits, start=start))
