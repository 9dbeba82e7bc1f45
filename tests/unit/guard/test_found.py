"""Texts made of what was found."""

from gatebook.guard.found import Found, alone, in_place


def test_alone_each_has_a_line_and_its_place() -> None:
    made = alone([Found(2, 6, "one"), Found(10, 14, "three")])
    assert made.text == "one\nthree"
    assert made.offsets.source(0, 3) == (2, 6)
    assert made.offsets.source(4, 9) == (10, 14)


def test_what_is_exact_maps_letter_for_letter() -> None:
    made = alone([Found(5, 9, "abcd", is_exact=True)])
    assert made.offsets.source(1, 2) == (6, 7)


def test_in_place_the_rest_of_the_text_stays_around_it() -> None:
    made = in_place("to %41ll of you", [Found(3, 6, "A")])
    assert made.text == "to All of you"
    assert made.offsets.source(3, 6) == (3, 8)


def test_in_place_what_is_far_from_it_is_left_out() -> None:
    text = "x" * 1000 + "%41" + "y" * 1000 + "%42" + "z" * 1000
    made = in_place(text, [Found(1000, 1003, "A"), Found(2003, 2006, "B")])
    assert made.text == "x" * 256 + "A" + "y" * 256 + "\n" + "y" * 256 + "B" + "z" * 256
    at = made.text.index("B")
    assert made.offsets.source(at, at + 1) == (2003, 2006)
    assert made.offsets.source(0, 1) == (744, 745)
