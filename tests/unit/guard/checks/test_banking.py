"""Accounts, by the examples of those who give the numbers."""

import pytest

from gatebook.guard.checks.banking import aba_routing, bic, iban
from gatebook.guard.checks.candidate import Candidate

# The registry's own examples.
EXAMPLES = [
    "GB29 NWBK 6016 1331 9268 19",
    "DE89370400440532013000",
    "fr14 2004 1010 0505 0001 3m02 606",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "IL620108000000099999999",
]


@pytest.mark.parametrize("number", EXAMPLES)
def test_an_iban_of_the_registry_is_one_and_changed_it_is_none(number: str) -> None:
    changed = number[:-1] + ("1" if number[-1] != "1" else "2")
    assert iban(Candidate(number, "", ""))
    assert not iban(Candidate(changed, "", ""))


def test_an_iban_is_as_long_as_its_countrys() -> None:
    assert not iban(Candidate("GB29NWBK6016133192681", "", ""))
    assert not iban(Candidate("ZZ29NWBK60161331926819", "", ""))


def test_a_routing_number_is_of_a_district_and_checked() -> None:
    assert aba_routing(Candidate("021000021", "", ""))
    assert not aba_routing(Candidate("021000022", "", ""))
    assert not aba_routing(Candidate("991000020", "", ""))
    assert not aba_routing(Candidate("000000000", "", ""))


def test_a_code_of_a_bank_is_of_a_country_and_no_word() -> None:
    assert bic(Candidate("DEUTDEFF", "", ""))
    assert bic(Candidate("COBADEFFXXX", "", ""))
    assert bic(Candidate("CHASUS33", "", ""))
    assert not bic(Candidate("DEUTZZFF", "", ""))
    assert not bic(Candidate("LANGUAGE", "", ""))
