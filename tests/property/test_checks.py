"""A check digit finds every digit that is changed; checks stand whatever text they are given."""

import pytest
from hypothesis import given, strategies as st

from gatebook.guard.checks import CHECKS
from gatebook.guard.checks.banking import iban
from gatebook.guard.checks.base58 import decoded, encoded
from gatebook.guard.checks.candidate import Candidate
from gatebook.guard.checks.cards import luhn
from gatebook.guard.checks.identity import iso7064_mod_11_10

digits = st.lists(st.integers(0, 9), min_size=8, max_size=18)
texts = st.text(max_size=40)


@given(digits, st.data())
def test_luhn_finds_a_changed_digit(numbers: list[int], data: st.DataObject) -> None:
    valid = next([*numbers, last] for last in range(10) if luhn([*numbers, last]))
    assert not luhn(_changed(valid, data))


@given(digits, st.data())
def test_mod_11_10_finds_a_changed_digit(numbers: list[int], data: st.DataObject) -> None:
    valid = next([*numbers, last] for last in range(10) if iso7064_mod_11_10([*numbers, last]))
    assert not iso7064_mod_11_10(_changed(valid, data))


@given(st.lists(st.integers(0, 9), min_size=18, max_size=18), st.data())
def test_iban_finds_a_changed_digit(numbers: list[int], data: st.DataObject) -> None:
    body = "".join(map(str, numbers))
    check = 98 - int(body + "131400") % 97
    valid = f"DE{check:02d}{body}"
    assert iban(Candidate(valid, "", ""))
    other = _changed([int(each) for each in valid[2:]], data)
    assert not iban(Candidate("DE" + "".join(map(str, other)), "", ""))


@given(st.binary(min_size=1, max_size=40))
def test_base58_is_read_as_it_was_written(body: bytes) -> None:
    assert decoded(encoded(body)) == body


@pytest.mark.parametrize("name", ["secret", "keyed", "password", "spoken", "url_password", "token"])
@given(value=st.text(min_size=1, max_size=200), before=texts, after=texts)
def test_what_has_no_shape_is_judged_without_failing(
    name: str, value: str, before: str, after: str
) -> None:
    assert CHECKS[name](Candidate(value, before, after)) in {True, False}


def _changed(numbers: list[int], data: st.DataObject) -> list[int]:
    place = data.draw(st.integers(0, len(numbers) - 1))
    other = (numbers[place] + data.draw(st.integers(1, 9))) % 10
    return [*numbers[:place], other, *numbers[place + 1 :]]
