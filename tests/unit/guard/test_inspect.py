"""All that is said is looked at, by every layer, and it is told what was not."""

import logging

import pytest

from gatebook.formats.content import Blind, Content, Origin, Span
from gatebook.guard.inspect import Inspector, Layer, Place, Seen
from gatebook.guard.pack import Channel
from gatebook.guard.views import Views


def content(*said: tuple[Origin, str]) -> Content:
    return Content([Span(text, origin, at) for at, (origin, text) in enumerate(said)], [])


class Finder:
    """Finds a word, and remembers what it was asked."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked: list[tuple[str, Channel | None]] = []

    def look(self, text: str, views: Views, channel: Channel | None) -> Seen:
        self.asked.append((text, channel))
        at = text.find(self.word)
        found = (Place("word", "personal", at, at + len(self.word), 1.0),) if at >= 0 else ()
        return Seen(data=found, threat=(0.7, ("sig",), "jailbreak") if found else None)


def inspector(*finders: Finder) -> Inspector:
    return Inspector([Layer("data", "1", each.look) for each in finders])


def test_without_layers_nothing_is_said_to_be_inspected() -> None:
    assert Inspector([]).inspect(content(("user", "my secret"))).inspected_by == ()


def test_strings_of_one_origin_are_one_text_and_a_finding_is_placed_in_its_string() -> None:
    finder = Finder("secret")
    found = inspector(finder).inspect(
        content(("system", "be kind"), ("user", "a"), ("user", "my secret!"), ("tool", "b"))
    )
    assert [channel for _, channel in finder.asked] == [None, "user", "tool"]
    (finding,) = found.findings
    assert (finding.span.at, finding.start, finding.end) == (2, 3, 9)
    assert (found.data_classes, found.spans, found.inspected_by) == (("personal",), 4, ("data@1",))
    (threat,) = found.threats
    assert (threat.origin, threat.score, threat.category) == ("user", 0.7, "jailbreak")


def test_what_reaches_over_strings_is_found_in_each() -> None:
    finder = Finder("one\n\x00\ntwo")
    found = inspector(finder).inspect(content(("user", "one"), ("user", "two")))
    assert [(each.span.at, each.start, each.end) for each in found.findings] == [
        (0, 0, 3),
        (1, 0, 3),
    ]


def test_a_text_that_was_seen_is_not_looked_at_again() -> None:
    finder = Finder("secret")
    looking = inspector(finder)
    first = looking.inspect(content(("user", "my secret"), ("assistant", "no")))
    again = looking.inspect(content(("user", "my secret"), ("assistant", "no"), ("user", "why")))
    assert again.findings == first.findings
    assert [text for text, _ in finder.asked] == ["my secret", "no", "why"]


def test_one_text_from_two_origins_is_looked_at_twice() -> None:
    finder = Finder("x")
    inspector(finder).inspect(content(("user", "same"), ("tool", "same")))
    assert [channel for _, channel in finder.asked] == ["user", "tool"]


def test_a_layer_that_fails_is_told_and_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    finder, failing = Finder("secret"), Finder("secret")

    def fail(text: str, views: Views, channel: Channel | None) -> Seen:
        failing.look(text, views, channel)
        raise ValueError("no")

    looking = Inspector([Layer("data", "1", finder.look), Layer("threats", "2", fail)])
    with caplog.at_level(logging.CRITICAL):
        for _ in range(2):
            found = looking.inspect(content(("user", "my secret")))
    assert (found.failed, found.inspected_by) == (("threats",), ("data@1",))
    assert len(found.findings) == 1
    assert len(failing.asked) == 2


def test_what_nobody_can_look_into_is_told() -> None:
    blind = [Blind("image", "user", 3, 2000)]
    assert inspector(Finder("x")).inspect(Content([], blind)).blind == tuple(blind)
