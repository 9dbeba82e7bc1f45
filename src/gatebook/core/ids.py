"""Identifiers and randomness, injected so that a test can repeat them.

An identifier is `<prefix>_<22 base-62 characters>`: 128 random bits, one word under a double click.
"""

import secrets
from collections.abc import Callable

Entropy = Callable[[int], bytes]
"""Gives that many unpredictable bytes; `system_entropy` outside tests."""

system_entropy: Entropy = secrets.token_bytes

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {char: value for value, char in enumerate(_ALPHABET)}


def base62(number: int, width: int) -> str:
    """`number` in exactly `width` base-62 digits; raises ValueError if it needs more."""
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    if number:
        raise ValueError(f"number does not fit {width} base-62 digits")
    return "".join(reversed(digits))


def from_base62(text: str) -> int:
    """The number that `base62` wrote; raises ValueError for any other character."""
    number = 0
    for char in text:
        value = _VALUES.get(char)
        if value is None:
            raise ValueError("not a base-62 digit")
        number = number * 62 + value
    return number


def new_id(prefix: str, entropy: Entropy) -> str:
    """A fresh identifier such as `agt_4kX...`."""
    return f"{prefix}_{base62(int.from_bytes(entropy(16)), 22)}"
