"""Numbers that states give to people, by the checks that their offices publish."""

from datetime import date
from itertools import pairwise
from typing import Final

from gatebook.guard.checks.candidate import Candidate, digits_of, letters_and_digits
from gatebook.guard.checks.cards import luhn

_DNI: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_CF_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
_CF_ODD_LETTERS: Final = (
    *_CF_ODD, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
)  # fmt: skip
"""What digits and letters at odd places count."""
_NINO_NEVER: Final = ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")
_VERHOEFF: Final = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_TURNS: Final = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def us_ssn(match: Candidate) -> bool:
    """Not of those that are never given; 123-45-6789 and the like are examples."""
    text = letters_and_digits(match.value)
    area, group, serial = text[:3], text[3:5], text[5:]
    given = area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"
    return given and len(set(text)) > 2 and text not in {"123456789", "078051120", "219099999"}


def us_itin(match: Candidate) -> bool:
    """Begins with 9; the fourth and fifth digits are in the ranges of the IRS."""
    group = int(letters_and_digits(match.value)[3:5])
    return 50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99


def israeli_id(match: Candidate) -> bool:
    """Up to nine digits, weighed 1, 2, 1, 2..., as Luhn does."""
    numbers = digits_of(match.value)
    return len(set(numbers)) > 2 and luhn(numbers)


def uk_nhs(match: Candidate) -> bool:
    """Ten digits, modulo 11."""
    numbers = digits_of(match.value)
    rest = sum(each * by for each, by in zip(numbers, range(10, 1, -1), strict=False)) % 11
    return len(set(numbers)) > 2 and (11 - rest) % 11 == numbers[9]


def uk_nino(match: Candidate) -> bool:
    """A prefix that is in use."""
    return not letters_and_digits(match.value).startswith(_NINO_NEVER)


def german_tax_id(match: Candidate) -> bool:
    """Eleven digits by ISO 7064 MOD 11,10; one of the first ten stands there more than once."""
    numbers = digits_of(match.value)
    most = max(numbers[:10].count(each) for each in set(numbers[:10]))
    return numbers[0] != 0 and most in {2, 3} and iso7064_mod_11_10(numbers)


def iso7064_mod_11_10(numbers: list[int]) -> bool:
    """Whether the last is the check digit of the others."""
    product = 10
    for each in numbers[:-1]:
        product = ((each + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == numbers[-1]


def french_nir(match: Candidate) -> bool:
    """Fifteen characters, the last two the complement to 97; Corsica is 2A and 2B."""
    text = letters_and_digits(match.value)
    number = int(text[:13].replace("2A", "19").replace("2B", "18"))
    return 97 - number % 97 == int(text[13:])


def spanish_dni(match: Candidate) -> bool:
    """DNI or NIE: the letter is that of the number modulo 23."""
    text = letters_and_digits(match.value)
    number = text[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return len(set(number)) > 2 and _DNI[int(number) % 23] == text[-1]


def codice_fiscale(match: Candidate) -> bool:
    """Sixteen characters, the last the sum of weighed others modulo 26."""
    text = letters_and_digits(match.value)
    odd = sum(
        _CF_ODD[int(each)] if each.isdigit() else _CF_ODD_LETTERS[ord(each) - ord("A")]
        for each in text[:15:2]
    )
    even = sum(int(each, 36) - (10 if each.isalpha() else 0) for each in text[1:15:2])
    return (odd + even) % 26 == ord(text[15]) - ord("A")


def aadhaar(match: Candidate) -> bool:
    """Twelve digits, by Verhoeff."""
    numbers = digits_of(match.value)
    check = 0
    for place, each in enumerate(reversed(numbers)):
        check = int(_VERHOEFF[check][int(_VERHOEFF_TURNS[place % 8][each])])
    return len(set(numbers)) > 2 and check == 0


def brazilian_cpf(match: Candidate) -> bool:
    """Eleven digits, the last two modulo 11."""
    numbers = digits_of(match.value)
    return len(set(numbers)) > 2 and all(
        sum(each * (end + 1 - place) for place, each in enumerate(numbers[:end])) * 10 % 11 % 10
        == numbers[end]
        for end in (9, 10)
    )


def canadian_sin(match: Candidate) -> bool:
    """Nine digits, by Luhn; none begins with 8, and 0 only stands for other things."""
    numbers = digits_of(match.value)
    return numbers[0] not in {0, 8} and len(set(numbers)) > 2 and luhn(numbers)


def australian_tfn(match: Candidate) -> bool:
    """Nine digits, modulo 11."""
    numbers = digits_of(match.value)
    weights = (1, 4, 3, 7, 5, 8, 6, 9, 10)
    weighed = sum(each * by for each, by in zip(numbers, weights, strict=True))
    return len(set(numbers)) > 2 and weighed % 11 == 0


def dutch_bsn(match: Candidate) -> bool:
    """Nine digits, by the eleven test; the last counts against."""
    numbers = digits_of(match.value)
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    weighed = sum(each * by for each, by in zip(numbers, weights, strict=True))
    return len(set(numbers)) > 2 and weighed % 11 == 0


def belgian_nn(match: Candidate) -> bool:
    """Eleven digits, the last two the complement to 97; born since 2000: with a 2 before."""
    text = letters_and_digits(match.value)
    number, check = int(text[:9]), int(text[9:])
    return check in {97 - number % 97, 97 - (2_000_000_000 + number) % 97}


def polish_pesel(match: Candidate) -> bool:
    """Eleven digits, weighed 1, 3, 7, 9; the months of centuries are 20 apart."""
    numbers = digits_of(match.value)
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
    month = (numbers[2] * 10 + numbers[3]) % 20
    weighed = sum(each * by for each, by in zip(numbers, weights, strict=True))
    return 1 <= month <= 12 and weighed % 10 == 0


def swedish_personnummer(match: Candidate) -> bool:
    """The last ten digits by Luhn, of a date that there is."""
    text = letters_and_digits(match.value)[-10:]
    return _is_date(2000, int(text[2:4]), int(text[4:6]) % 60) and luhn(digits_of(text))


def chinese_id(match: Candidate) -> bool:
    """Eighteen characters by ISO 7064 MOD 11-2, with a date in them."""
    text = letters_and_digits(match.value)
    total = sum(int(each) * pow(2, 17 - place, 11) for place, each in enumerate(text[:17]))
    there_is = _is_date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    return there_is and "10X98765432"[total % 11] == text[17]


def numbered(match: Candidate) -> bool:
    """No example: neither one digit again and again, nor digits in a row."""
    numbers = digits_of(match.value)
    rising = all(after == (before + 1) % 10 for before, after in pairwise(numbers))
    return len(numbers) > 3 and len(set(numbers)) > 1 and not rising


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
