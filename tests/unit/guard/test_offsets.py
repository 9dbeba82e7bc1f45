"""The way back from a rewritten text."""

from gatebook.guard.offsets import Offsets

# "a&amp;b" was rewritten to "a&b", from its first code point on.
OFFSETS = Offsets([(1, 6, 1)])


def test_what_was_not_edited_maps_letter_for_letter() -> None:
    assert OFFSETS.source(0, 1) == (0, 1)
    assert OFFSETS.source(2, 3) == (6, 7)


def test_what_was_edited_maps_as_a_whole() -> None:
    assert OFFSETS.source(1, 2) == (1, 6)
    assert OFFSETS.source(0, 3) == (0, 7)


def test_what_was_left_out_belongs_to_neither_side() -> None:
    without = Offsets([(1, 4, 0)])
    assert without.source(0, 1) == (0, 1)
    assert without.source(1, 2) == (4, 5)
    assert without.source(0, 2) == (0, 5)


def test_a_text_may_begin_further_on() -> None:
    assert Offsets([(10, 20, 5)], start=8).source(0, 7) == (8, 20)


def test_an_empty_span_stays_empty() -> None:
    assert OFFSETS.source(2, 2) == (6, 6)
