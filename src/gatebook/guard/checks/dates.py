"""Dates of birth."""

from datetime import date
from typing import Final

from gatebook.guard.checks.candidate import Candidate

_MONTHS: Final = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_OTHER_MONTHS: Final = {
    "mai": 5, "mär": 3, "okt": 10, "dez": 12, "fév": 2, "fev": 2, "avr": 4, "jui": 7, "aoû": 8,
    "déc": 12, "ene": 1, "abr": 4, "ago": 8, "dic": 12, "gen": 1, "mag": 5, "giu": 6, "lug": 7,
    "set": 9, "ott": 10,
}  # fmt: skip
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2035


def birth_date(match: Candidate) -> bool:
    """A date that there is, in whatever order, of somebody who may be alive."""
    parts = _parts(match.value)
    if len(parts) != 3:
        return False
    first, second, third = parts
    if first > 31:
        return _is(first, second, third)
    return _is(third, second, first) or _is(third, first, second)


def _parts(value: str) -> list[int]:
    """Its numbers, that of a month in words among them; a month goes before the day's number."""
    words = "".join(each if each.isalnum() else " " for each in value.lower()).split()
    found = []
    for word in words:
        number = word.rstrip("stndrh") if word[:1].isdigit() else ""
        if number.isascii() and number.isdigit():
            found.append(int(number))
        elif word[:3] in _MONTHS:
            found.append(_MONTHS.index(word[:3]) + 1)
        elif word[:3] in _OTHER_MONTHS:
            found.append(_OTHER_MONTHS[word[:3]])
    return found


def _is(year: int, month: int, day: int) -> bool:
    if year < 100:
        year += 1900 if year > _LAST_YEAR - 2000 else 2000
    try:
        return _FIRST_YEAR <= date(year, month, day).year <= _LAST_YEAR
    except ValueError:
        return False
