"""Base58Check, as Bitcoin's addresses and keys are written."""

from hashlib import sha256
from typing import Final

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PLACES: Final = {each: place for place, each in enumerate(_ALPHABET)}


def decoded(text: str) -> bytes | None:
    """What it says; None if the checksum is not its own."""
    number = 0
    for each in text:
        place = _PLACES.get(each)
        if place is None:
            return None
        number = number * 58 + place
    zeros = len(text) - len(text.lstrip("1"))
    whole = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    body, check = whole[:-4], whole[-4:]
    return body if sha256(sha256(body).digest()).digest()[:4] == check else None


def encoded(body: bytes) -> str:
    """The inverse."""
    whole = body + sha256(sha256(body).digest()).digest()[:4]
    number, text = int.from_bytes(whole, "big"), ""
    while number:
        number, place = divmod(number, 58)
        text = _ALPHABET[place] + text
    return "1" * (len(whole) - len(whole.lstrip(b"\0"))) + text
