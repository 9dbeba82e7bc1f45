"""Payment cards: ISO/IEC 7812."""

from itertools import pairwise
from typing import Final

from gatebook.guard.checks.candidate import Candidate, digits_of, has_word

_ISSUERS: Final = (
    ("34", "34", (15,)),
    ("37", "37", (15,)),
    ("36", "36", (14,)),
    ("300", "305", (14,)),
    ("38", "39", (14,)),
    ("4", "4", (13, 16, 19)),
    ("51", "55", (16,)),
    ("2221", "2720", (16,)),
    ("6011", "6011", (16, 19)),
    ("644", "659", (16, 19)),
    ("3528", "3589", (16, 19)),
    ("62", "62", (16, 17, 18, 19)),
    ("5018", "5018", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("5020", "5020", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("5038", "5038", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("5893", "5893", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("6304", "6304", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("6759", "6763", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("2200", "2204", (16, 17, 18, 19)),
    ("60", "60", (16,)),
    ("81", "82", (16,)),
    ("9792", "9792", (16,)),
    ("5067", "5067", (16,)),
    ("6363", "6363", (16,)),
)
"""The first and the last prefix of a range, and the lengths of numbers in it."""
_OTHER_NUMBERS: Final = (
    "order", "invoice", "tracking", "ticket", "timestamp", "epoch", "serial", "isbn", "imei", "sku",
    "id", "ids", "ref", "reference", "bestellung", "commande", "pedido", "hash", "seed", "nonce",
)  # fmt: skip
_CARDS: Final = ("card", "visa", "mastercard", "amex", "pan", "credit", "debit")


def payment_card(match: Candidate) -> bool:
    """Of a known issuer, of its length, with a check digit that fits; not some other number."""
    numbers = digits_of(match.value)
    text = "".join(map(str, numbers))
    if len(set(numbers)) < 2 or not (_issued(text) and luhn(numbers)) or _counts(match.value):
        return False
    close = match.before[-24:]
    if match.value.isdigit() and has_word(close, _OTHER_NUMBERS):
        return has_word(close, _CARDS)
    return True


def luhn(numbers: list[int]) -> bool:
    """Whether the last is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = [sum(divmod(2 * each, 10)) for each in numbers[-2::-2]]
    return (sum(numbers[-1::-2]) + sum(doubled)) % 10 == 0


def imei(match: Candidate) -> bool:
    """Fifteen digits with a check digit that fits, not all in a row."""
    numbers = digits_of(match.value)
    rising = all(after == before + 1 for before, after in pairwise(numbers))
    return len(set(numbers)) > 2 and not rising and luhn(numbers)


def _counts(value: str) -> bool:
    """Whether its groups count upwards, as in tables."""
    groups = value.split()
    return len(groups) == 4 and all(
        int(after) - int(before) == 1 for before, after in pairwise(groups)
    )


def _issued(text: str) -> bool:
    return any(
        first <= text[: len(first)] <= last and len(text) in lengths
        for first, last, lengths in _ISSUERS
    )
