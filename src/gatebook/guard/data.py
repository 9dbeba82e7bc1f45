"""Finds data that should not leave: patterns propose, words near them and checks decide."""

from bisect import bisect
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from gatebook.guard.checks import CHECKS, Candidate
from gatebook.guard.checks.candidate import has_word
from gatebook.guard.engine import Engine
from gatebook.guard.pack import Detector, Pack

_AROUND: Final = 64
"""Bytes on either side in which words count as near."""
_MOST: Final = 1_000
"""Candidates of one pattern that are looked at, so that no text can take long."""
_MOST_OF_ALL: Final = 4_000
"""The same for all patterns together."""
_SHOWN: Final = 4
_GOING_ON: Final = bytes(range(0x80, 0xC0))


class Found(NamedTuple):
    """One piece of data, and which detector knows it."""

    detector: str
    data_class: str
    start: int
    """In characters, as `end`."""
    end: int
    score: float
    sample: str
    """Its beginning, for whoever judges the finding; never enough to use it."""


class Data(NamedTuple):
    """What was found in a text, in its order and without overlaps."""

    found: list[Found]
    unfinished: tuple[str, ...]
    """Detectors that had more candidates than are looked at: of the rest, nothing is known."""


class _Hit(NamedTuple):
    """In the order in which overlapping ones are chosen: the surest, then the longest."""

    score: float
    length: int
    detector: str
    start: int
    end: int


def data_in(pack: Pack, engine: Engine, text: str) -> Data:
    """All data that the detectors of a pack know; `engine` has the patterns of that pack."""
    raw = text.encode("utf-8", "surrogatepass")
    hits: list[_Hit] = []
    unfinished: set[str] = set()
    left = _MOST_OF_ALL
    for number in engine.fired(raw):
        name = pack.patterns[number].rule
        detector = pack.detectors.get(name)
        if detector is None:
            continue
        spans = engine.matches(number, raw)
        looked = list(islice(spans, min(left, _MOST)))
        left -= len(looked)
        hits += [
            _Hit(detector.score, end - start, name, start, end)
            for start, end in looked
            if _is_real(detector, raw, start, end)
        ]
        if next(spans, None):
            unfinished.add(name)
    return Data(list(_told(pack, raw, _apart(hits))), tuple(sorted(unfinished)))


def _is_real(detector: Detector, raw: bytes, start: int, end: int) -> bool:
    match = Candidate(
        raw[start:end].decode("utf-8", "replace"),
        raw[max(0, start - _AROUND) : start].decode("utf-8", "ignore"),
        raw[end : end + _AROUND].decode("utf-8", "ignore"),
    )
    if detector.data_class != "secret" and _is_of_decimal(match):
        return False
    if detector.near and not (
        has_word(match.before, detector.near) or has_word(match.after, detector.near)
    ):
        return False
    return not detector.check or CHECKS[detector.check](match)


def _is_of_decimal(match: Candidate) -> bool:
    """Whether it is all digits before or behind the point of a number."""
    fraction = match.before[-1:] == "." and match.before[-2:-1].isdigit()
    whole = match.after[:1] == "." and match.after[1:2].isdigit()
    return match.value.isdigit() and (fraction or whole)


def _apart(hits: list[_Hit]) -> list[_Hit]:
    """Those that are left where they overlap, in the order of the text."""
    kept: list[_Hit] = []
    for hit in sorted(hits, reverse=True):
        place = bisect(kept, hit.start, key=_start)
        before, after = kept[place - 1 : place] if place else [], kept[place : place + 1]
        if all(each.end <= hit.start for each in before) and all(
            hit.end <= each.start for each in after
        ):
            kept.insert(place, hit)
    return kept


def _start(hit: _Hit) -> int:
    return hit.start


def _told(pack: Pack, raw: bytes, hits: list[_Hit]) -> Iterator[Found]:
    """With places in characters; the text between two is counted once."""
    place = done = 0
    for hit in hits:
        start = place + _characters(raw[done : hit.start])
        place, done = start + _characters(raw[hit.start : hit.end]), hit.end
        data_class = pack.detectors[hit.detector].data_class
        shown = raw[hit.start : hit.start + min(_SHOWN, hit.length // 4)]
        sample = shown.decode("utf-8", "ignore") + "…"
        yield Found(hit.detector, data_class, start, place, hit.score, sample)


def _characters(raw: bytes) -> int:
    """How many begin there: all bytes but those that go on with one."""
    return len(raw) if raw.isascii() else len(raw.translate(None, _GOING_ON))
