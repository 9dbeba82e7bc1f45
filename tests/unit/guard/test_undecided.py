"""Nothing of a value goes on before it is known to be one, however it comes."""

import pytest

from gatebook.guard.undecided import LONGEST, is_prose, undecided


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("", ""),
        ("hello there", "there"),
        ("hello there ", ""),
        ("the card 4111 1111 11", "4111 1111 11"),
        ("the card 4111 1111 ", "4111 1111 "),
        ("IBAN DE89 3704", "IBAN DE89 3704"),
        ("call +44 (20) 7946", "+44 (20) 7946"),
        ("key:\n-----BEGIN RSA PRIVATE KEY-----\nabc", "-----BEGIN RSA PRIVATE KEY-----\nabc"),
        ("mail ada@example", "ada@example"),
    ],
)
def test_what_may_go_on_is_held(text: str, held: str) -> None:
    assert text[len(text) - undecided(text) :] == held


def test_no_more_is_held_than_may_be() -> None:
    assert undecided("a" * 10_000) == LONGEST
    assert undecided("1 2 3 " * 1_000) < LONGEST


@pytest.mark.parametrize(
    ("text", "prose"),
    [("Hello, my friend!", True), ("a card 4", False), ("ada@example.com", False), ("é", False)],
)
def test_short_words_alone_are_prose(text: str, prose: bool) -> None:
    assert is_prose(text) is prose
