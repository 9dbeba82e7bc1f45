"""The ways in which a text can be read, so that what is disguised becomes visible.

The text itself is not among its views. Each view says by which steps it was made and where each
part of it stands in the text. Steps are taken again on what they make, three deep. What was not
looked at because of a limit makes the views incomplete, and is never silent. Read `views` first.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple

from gatebook.guard.ciphers import hidden
from gatebook.guard.codes import codes
from gatebook.guard.decode import encoded, encoded_85
from gatebook.guard.effort import Effort
from gatebook.guard.escapes import unescaped, unquoted
from gatebook.guard.found import Found, Rewritten, alone, in_place
from gatebook.guard.morse import morse
from gatebook.guard.normalize import normalized
from gatebook.guard.respell import together, without_leet
from gatebook.guard.smuggled import smuggled

_DEPTH: Final = 3
_MOST_VIEWS: Final = 32

Way = Callable[[int, int], tuple[int, int]]


class View(NamedTuple):
    """One reading of the text."""

    text: str
    how: tuple[str, ...]
    """The steps from the text to it, such as `("base64", "rot13")`."""
    ways: tuple[Way, ...]

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of it stands in the text, in code points."""
        for way in reversed(self.ways):
            start, end = way(start, end)
        return start, end


class Views(NamedTuple):
    """All readings, and whether anything was left out."""

    views: tuple[View, ...]
    is_complete: bool


def views(text: str) -> Views:
    """Every reading of the text that is not the text, nearest first."""
    effort = Effort(len(text))
    made: list[View] = []
    seen = {text}
    level = [View(text, (), ())]
    for _ in range(_DEPTH):
        found: list[View] = []
        for view in level:
            plain = _plain(view)
            readings = chain([plain], _readings(view, plain, effort))
            new = [each for each in readings if each.text not in seen]
            seen.update(each.text for each in new)
            made += new
            found += (each for each in new if each is not plain)
        level = list(_short_enough(found[: max(0, _MOST_VIEWS - len(made))], effort))
    made = list(effort.first(made, _MOST_VIEWS))
    if any(True for view in level for _ in encoded(_bytes(view.text), effort)):
        effort.is_complete = False
    return Views(tuple(made), effort.is_complete)


def _short_enough(found: list[View], effort: Effort) -> Iterator[View]:
    """What is read on."""
    for view in found:
        if len(view.text) > effort.read_on:
            effort.is_complete = False
        else:
            effort.read_on -= len(view.text)
            yield view


def _plain(view: View) -> View:
    """What a reader takes the view for; that is no step, and is taken before every one."""
    plain = normalized(view.text)
    return view if plain.text == view.text else _after(view, "normalized", plain.text, plain.source)


def _readings(view: View, plain: View, effort: Effort) -> Iterator[View]:
    """What else a view says; what is gone when it is plain may say something too."""
    if plain is not view:
        yield from _aloud(view, smuggled(view.text, effort), effort)
    text, raw = plain.text, _bytes(plain.text)
    for name, found in (
        ("unescaped", unescaped(text, effort)),
        ("quoted-printable", unquoted(text, effort)),
        ("together", together(text, raw, effort)),
        ("leet", without_leet(raw, effort)),
    ):
        if found:
            yield from _affordable(plain, name, in_place(text, found), effort)
    for decode in (encoded, encoded_85, codes, morse, hidden):
        yield from _aloud(plain, decode(raw, effort), effort)


def _aloud(view: View, found: Iterable[tuple[str, Found]], effort: Effort) -> Iterator[View]:
    """One view of all that was found in one way."""
    by_name: dict[str, list[Found]] = defaultdict(list)
    for name, each in found:
        by_name[name].append(each)
    for name, each_found in by_name.items():
        yield from _affordable(view, name, alone(each_found), effort)


def _affordable(view: View, name: str, made: Rewritten, effort: Effort) -> Iterator[View]:
    text = made.text[: effort.rewritten]
    effort.rewritten -= len(text)
    if len(text) < len(made.text):
        effort.is_complete = False
    if text:
        yield _after(view, name, text, made.offsets.source)


def _after(view: View, name: str, text: str, way: Way) -> View:
    return View(text, (*view.how, name), (*view.ways, way))


def _bytes(text: str) -> bytes:
    """A byte for a code point, so that offsets stay; what is not Latin is a question mark."""
    return text.encode("latin-1", "replace")
