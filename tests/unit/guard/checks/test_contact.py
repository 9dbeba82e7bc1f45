"""Mailboxes and phones, and what only looks like them."""

import pytest

from gatebook.guard.checks import contact
from gatebook.guard.checks.candidate import Candidate


@pytest.mark.parametrize("value", ["anna@example.com", "o'brien+x@mail.example.co.uk"])
def test_a_mailbox(value: str) -> None:
    assert contact.email(Candidate(value, "", "."))


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("git@github.com", ":org/repo"),
        ("build@web.example.com", ":srv/app"),
        ("icon@2x.png", ""),
        ("getty@tty1.service", ""),
        ("a..b@example.com", ""),
    ],
)
def test_a_login_a_file_and_a_unit_are_none(value: str, after: str) -> None:
    assert not contact.email(Candidate(value, "", after))


@pytest.mark.parametrize("value", ["+44 7174 681453", "+972-57-551-8583", "+14155550132"])
def test_an_international_number(value: str) -> None:
    assert contact.phone_international(Candidate(value, "", ""))


@pytest.mark.parametrize("value", ["+1 2 3 4 5", "+999 123 456 789", "+1234567", "+11111111111"])
def test_a_number_of_no_country_or_no_length(value: str) -> None:
    assert not contact.phone_international(Candidate(value, "", ""))


@pytest.mark.parametrize(
    ("value", "before"),
    [("625128868", "teléfono "), ("913 357 423", ""), ("982.754.6022", ""), ("123 4567", "")],
)
def test_a_number_as_it_is_dialled_at_home(value: str, before: str) -> None:
    assert contact.phone_national(Candidate(value, before, ""))


@pytest.mark.parametrize(
    ("value", "before"),
    [
        ("2026-03-18", ""),
        ("18.03.2026", ""),
        ("1999-2004", ""),
        ("192.168.10.20", ""),
        ("625128868", "max-age="),
        ("1629499444", "phone "),
        ("913 357 423", "order "),
        ("20251001", "call haiku-4-5-"),
        ("12 34", ""),
    ],
)
def test_a_date_an_address_and_a_time_are_none(value: str, before: str) -> None:
    assert not contact.phone_national(Candidate(value, before, ""))


def test_a_number_with_the_0_of_the_trunk_is_long_enough() -> None:
    assert contact.phone_trunk(Candidate("(030) 901820", "", ""))
    assert not contact.phone_trunk(Candidate("(030) 9018", "", ""))
    assert not contact.phone_trunk(Candidate("0391 730451", "part ", ""))


def test_an_american_number_is_not_that_of_an_order() -> None:
    assert contact.phone_american(Candidate("(415) 555-0132", "", ""))
    assert not contact.phone_american(Candidate("415-555-0132", "order ", ""))
