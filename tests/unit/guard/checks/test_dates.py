"""Dates on which somebody may have been born."""

import pytest

from gatebook.guard.checks.candidate import Candidate
from gatebook.guard.checks.dates import birth_date


@pytest.mark.parametrize(
    "value",
    ["12.03.1980", "03/12/80", "1980-03-12", "12th March 1980", "March 12, 1980", "12 août 1980"],
)
def test_a_date_in_whatever_order(value: str) -> None:
    assert birth_date(Candidate(value, "", ""))


@pytest.mark.parametrize(
    "value", ["99/99/1980", "31.02.1980", "1780-03-12", "12.03", "40 Foo 1980"]
)
def test_a_day_that_there_is_not_and_a_time_too_long_ago(value: str) -> None:
    assert not birth_date(Candidate(value, "", ""))
