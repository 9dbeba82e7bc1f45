"""No pattern that matches is kept back, however the text is cut up; few others pass."""

import pytest
from hypothesis import given, strategies as st

from gatebook.guard.literals import rows
from gatebook.guard.sieve import Sieve, planned

PATTERNS = (
    r"(?i)\bignore(?:\W+\w+){0,6}\W+rules\b",
    r"(?i)password[^\n]{0,80}https?://",
    r"(?i)<!--[^>]{0,200}must",
    r"(?i)begin\S+end",
)
WORDS = (b"ignore", b"rules", b"password", b"http://", b"<!--", b"must", b"begin", b"end")
FILLER = st.sampled_from((b"lorem ", b"a-b\n", b"   ", b"\n\n", b"=" * 70, b"x" * 90, b"\xc3\xa4 "))


@pytest.fixture(scope="module")
def sieve() -> Sieve:
    return Sieve(
        planned([(at, row) for at, each in enumerate(PATTERNS) for row in rows(each) or ()])
    )


def passed(sieve: Sieve, text: bytes) -> set[int]:
    return {number for number, _, _ in sieve.worth(text)}


@given(st.lists(FILLER, max_size=200), st.integers(0, 6), st.lists(FILLER, max_size=200))
def test_a_match_lies_where_it_is_said_to_be(
    sieve: Sieve, before: list[bytes], gap: int, after: list[bytes]
) -> None:
    match = b"ignore" + b", \n\n word" * gap + b"  Rules"
    text = b"".join(before) + b" " + match + b" " + b"".join(after)
    at = text.index(match)
    places = [(start, end) for number, start, end in sieve.worth(text) if number == 0]
    assert any(start <= at and at + len(match) <= end for start, end in places)


@given(st.lists(st.one_of(FILLER, st.sampled_from(WORDS)), max_size=120))
def test_places_are_within_the_text(sieve: Sieve, parts: list[bytes]) -> None:
    text = b"".join(parts)
    assert all(0 <= start <= end <= len(text) for _, start, end in sieve.worth(text))


def test_what_is_needed_has_to_stand_near(sieve: Sieve) -> None:
    near = b"ignore " + b"lorem " * 20 + b"rules"
    far = b"ignore " + b"lorem " * 200 + b"rules"
    assert passed(sieve, near) == {0}
    assert passed(sieve, far) == set()


def test_where_a_match_may_reach_any_distance_the_whole_text_is_looked_at(sieve: Sieve) -> None:
    text = b"begin " + b"lorem " * 400 + b"end"
    assert list(sieve.worth(text)) == [(3, 0, len(text))]


def test_nothing_passes_without_all_that_it_needs(sieve: Sieve) -> None:
    assert passed(sieve, b"ignore the password, you must not begin") == set()
    assert passed(sieve, b"") == set()
