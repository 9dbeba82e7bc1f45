"""Nothing of a value goes on before it is known to be one, however it comes."""

import pytest

from gatebook.guard.undecided import LONGEST, undecided


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
        ("born 12 March 19", "12 March 19"),
        ("born 12 March or later", "later"),
    ],
)
def test_what_may_go_on_is_held(text: str, held: str) -> None:
    assert text[len(text) - undecided(text) :] == held


def test_no_more_is_held_than_may_be() -> None:
    assert undecided("a" * 10_000) == LONGEST
    assert undecided("1 2 3 " * 1_000) < LONGEST
