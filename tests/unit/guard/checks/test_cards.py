"""Numbers of cards by issuer, length and check digit."""

import pytest

from gatebook.guard.checks.candidate import Candidate
from gatebook.guard.checks.cards import imei, luhn, payment_card

# Numbers that the issuers publish for tests.
PUBLISHED = [
    "4111 1111 1111 1111",
    "4222222222222",
    "5555-5555-5555-4444",
    "2223003122003222",
    "378282246310005",
    "3782 822463 10005",
    "6011111111111117",
    "30569309025904",
    "3530111333300000",
    "6200000000000005",
]


@pytest.mark.parametrize("number", PUBLISHED)
def test_each_published_number_is_a_card_and_no_neighbour_of_it_is(number: str) -> None:
    last = (int(number[-1]) + 1) % 10
    assert payment_card(Candidate(number, "", ""))
    assert not payment_card(Candidate(number[:-1] + str(last), "", ""))


def test_no_issuer_no_card() -> None:
    assert luhn([9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
    assert not payment_card(Candidate("9111111111111110", "", ""))


def test_a_number_of_something_else_is_no_card_unless_a_card_is_spoken_of() -> None:
    assert not payment_card(Candidate("4111111111111111", "order ", ""))
    assert payment_card(Candidate("4111111111111111", "order paid by card ", ""))


def test_an_imei_is_no_row_of_digits() -> None:
    assert imei(Candidate("490154203237518", "", ""))
    assert not imei(Candidate("490154203237519", "", ""))
    assert not imei(Candidate("000000000000000", "", ""))


def test_a_row_of_a_table_is_no_card() -> None:
    assert not payment_card(Candidate("5224 5225 5226 5227", "", ""))
