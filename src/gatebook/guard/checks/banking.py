"""Accounts: IBAN (ISO 13616), BIC and routing numbers."""

from typing import Final

from gatebook.guard.checks.candidate import Candidate, digits_of, letters_and_digits

_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27,
    "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
    "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
    "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Characters of an IBAN by country, as the registry of SWIFT has them."""
_NO_IBAN: Final = frozenset(
    ("US", "CA", "JP", "CN", "IN", "AU", "NZ", "ZA", "KR", "SG", "HK", "MX")
)


def iban(match: Candidate) -> bool:
    """As long as its country's are, and 1 modulo 97."""
    text = letters_and_digits(match.value)
    if _LENGTHS.get(text[:2]) != len(text) or not text.isascii():
        return False
    return int("".join(str(int(each, 36)) for each in text[4:] + text[:4])) % 97 == 1


def bic(match: Candidate) -> bool:
    """Of a bank in a country; its last letters are no word's."""
    country, place = match.value[4:6], match.value[6:8]
    known = country in _LENGTHS or country in _NO_IBAN
    return known and (any(map(str.isdigit, place)) or not _ends_a_word(match.value))


def _ends_a_word(value: str) -> bool:
    return len(value) == 8 and sum(each in "AEIOUY" for each in value) >= 4


def aba_routing(match: Candidate) -> bool:
    """Nine digits of a Federal Reserve district, with a check digit that fits."""
    numbers = digits_of(match.value)
    district = numbers[0] * 10 + numbers[1]
    known = district <= 12 or 21 <= district <= 32 or 61 <= district <= 72 or district == 80
    weighed = zip(numbers, (3, 7, 1) * 3, strict=True)
    return known and any(numbers) and sum(each * by for each, by in weighed) % 10 == 0
