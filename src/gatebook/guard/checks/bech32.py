"""Bech32 and bech32m: BIP 173 and BIP 350."""

from typing import Final

_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32: Final = 1
_BECH32M: Final = 0x2BC830A3


def is_segwit(text: str) -> bool:
    """Whether the checksum is its own; version 0 has that of bech32, others that of bech32m."""
    text = text.lower()
    prefix, _, data = text.rpartition("1")
    places = [_ALPHABET.find(each) for each in data]
    if len(places) < 7 or -1 in places:
        return False
    wanted = _BECH32 if places[0] == 0 else _BECH32M
    return _polymod(_expanded(prefix) + places) == wanted


def _expanded(prefix: str) -> list[int]:
    return [ord(each) >> 5 for each in prefix] + [0] + [ord(each) & 31 for each in prefix]


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate(_GENERATOR):
            check ^= term if top >> bit & 1 else 0
    return check
