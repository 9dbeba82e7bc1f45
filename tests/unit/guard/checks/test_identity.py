"""Numbers of people, by the examples that offices and encyclopedias give."""

import pytest

from gatebook.guard.checks import identity
from gatebook.guard.checks.candidate import Candidate, Check

VALID: list[tuple[Check, str]] = [
    (identity.us_ssn, "536-90-4399"),
    (identity.us_itin, "912-71-3456"),
    (identity.israeli_id, "884828880"),
    (identity.uk_nhs, "943 476 5919"),
    (identity.uk_nino, "AB 12 34 56 C"),
    (identity.german_tax_id, "86 095 742 719"),
    (identity.french_nir, "2 55 08 14 168 025 38"),
    (identity.spanish_dni, "12345678Z"),
    (identity.spanish_dni, "X1234567L"),
    (identity.codice_fiscale, "RSSMRA85T10A562S"),
    (identity.aadhaar, "2345 6789 0124"),
    (identity.brazilian_cpf, "529.982.247-25"),
    (identity.canadian_sin, "130 692 544"),
    (identity.australian_tfn, "123 456 782"),
    (identity.dutch_bsn, "111222333"),
    (identity.belgian_nn, "85.07.30-033.28"),
    (identity.polish_pesel, "44051401359"),
    (identity.swedish_personnummer, "811218-9876"),
    (identity.chinese_id, "11010519491231002X"),
]
INVALID: list[tuple[Check, str]] = [
    (identity.us_ssn, "666-90-4399"),
    (identity.us_ssn, "123-45-6789"),
    (identity.us_ssn, "536-00-4399"),
    (identity.us_itin, "912-20-3456"),
    (identity.israeli_id, "884828881"),
    (identity.israeli_id, "000000000"),
    (identity.uk_nhs, "943 476 5918"),
    (identity.uk_nino, "GB 12 34 56 C"),
    (identity.german_tax_id, "86 095 742 718"),
    (identity.german_tax_id, "12 345 678 903"),
    (identity.french_nir, "2 55 08 14 168 025 39"),
    (identity.spanish_dni, "12345678A"),
    (identity.codice_fiscale, "RSSMRA85T10A562T"),
    (identity.aadhaar, "2345 6789 0123"),
    (identity.brazilian_cpf, "529.982.247-26"),
    (identity.brazilian_cpf, "111.111.111-11"),
    (identity.canadian_sin, "830 692 544"),
    (identity.australian_tfn, "123 456 789"),
    (identity.dutch_bsn, "111222334"),
    (identity.belgian_nn, "85.07.30-033.29"),
    (identity.polish_pesel, "44051401358"),
    (identity.swedish_personnummer, "811318-9876"),
    (identity.chinese_id, "110105194912310021"),
]


@pytest.mark.parametrize(("check", "number"), VALID)
def test_a_number_that_an_office_could_give(check: Check, number: str) -> None:
    assert check(Candidate(number, "", ""))


@pytest.mark.parametrize(("check", "number"), INVALID)
def test_a_number_that_it_never_would(check: Check, number: str) -> None:
    assert not check(Candidate(number, "", ""))


def test_corsica_is_a_department_with_a_letter() -> None:
    assert identity.french_nir(Candidate("1 85 05 2A 004 123 " + _key(1850519004123), "", ""))


def test_an_example_is_no_number_of_anybody() -> None:
    assert identity.numbered(Candidate("A4829173", "", ""))
    assert not identity.numbered(Candidate("12345678", "", ""))
    assert not identity.numbered(Candidate("0000000", "", ""))


def _key(number: int) -> str:
    return f"{97 - number % 97:02d}"
