"""Identifiers hold 128 random bits, and one word under a double click."""

import re

import pytest

from gatebook.core.ids import base62, from_base62, new_id, system_entropy


@pytest.mark.parametrize(
    ("number", "width", "text"),
    [(0, 1, "0"), (61, 1, "z"), (62, 2, "10"), (62, 4, "0010"), (2**128 - 1, 22, None)],
)
def test_base_62_is_as_wide_as_asked(number: int, width: int, text: str | None) -> None:
    written = base62(number, width)
    assert len(written) == width
    assert text is None or written == text
    assert from_base62(written) == number


def test_the_order_of_texts_is_the_order_of_numbers() -> None:
    numbers = [0, 9, 10, 35, 36, 61, 62, 3843]
    assert sorted(base62(number, 2) for number in numbers) == [base62(n, 2) for n in numbers]


def test_a_number_that_does_not_fit_is_not_cut() -> None:
    with pytest.raises(ValueError, match="fit"):
        base62(62, 1)


@pytest.mark.parametrize("text", ["-", "a b", "\u00e9", "1_0", "\u0663"])
def test_another_character_is_no_digit(text: str) -> None:
    with pytest.raises(ValueError, match="digit"):
        from_base62(text)


def test_an_identifier_is_its_prefix_and_all_that_entropy_gave() -> None:
    given = bytes(range(16))
    made = new_id("agt", lambda size: given[:size])
    assert re.fullmatch(r"agt_[0-9A-Za-z]{22}", made)
    assert from_base62(made.removeprefix("agt_")) == int.from_bytes(given)


def test_the_system_gives_what_is_asked_and_never_the_same() -> None:
    assert len(system_entropy(16)) == 16
    assert len({new_id("x", system_entropy) for _ in range(1000)}) == 1000
