"""Text carried by what nobody sees, and text that stands on its head."""

import re
from collections.abc import Iterator
from typing import Final

from gatebook.guard.effort import Effort
from gatebook.guard.found import Found
from gatebook.guard.readable import readable

_MOST: Final = 1_024
# One variation selector for one byte.
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}+")
# One of two invisible characters for one bit.
_BITS: Final = re.compile("[\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]{32,}+")

_TURNED: Final = "ǝɐɹʇɯʎʞɥʍʌ"
_UPRIGHT: Final = str.maketrans(
    "ɐqɔpǝɟƃɓɥᴉıɾſʞlʅɯuodbɹsʇnʌʍxʎz˙'¿¡∀ƎℲ⅁⅄Ԁ⊥∩Λ", "abcdefgghiijjkllmnopqrstuvwxyz.,?!AEFGYPTUV"
)
_LINE: Final = re.compile(r"[^\n]*[ǝɐɹʇɯʎʞɥʍʌ][^\n]*")


def smuggled(text: str, effort: Effort) -> Iterator[tuple[str, Found]]:
    """What selectors and bits spell, and lines that stand on their head."""
    for match in effort.first(_SELECTORS.finditer(text), _MOST):
        content = bytes(map(_byte, match[0]))
        if (read := readable(content, effort.decoded)) is not None:
            yield "variation selectors", Found(*match.span(), read)
    for match in effort.first(_BITS.finditer(text), _MOST):
        if read := _of_bits(match[0], effort.decoded):
            yield "invisible bits", Found(*match.span(), read)
    if any(letter in text for letter in _TURNED):
        for match in effort.first(_LINE.finditer(text), _MOST):
            yield "upside down", Found(*match.span(), match[0].translate(_UPRIGHT)[::-1])


def _byte(selector: str) -> int:
    code = ord(selector)
    return code - 0xFE00 if code < 0x10000 else code - 0xE0100 + 16


def _of_bits(run: str, most: int) -> str | None:
    """The run as bytes, with the one or the other of its two characters for nought."""
    signs = sorted(set(run))
    if len(signs) != 2:
        return None
    for zero, one in (signs, signs[::-1]):
        bits = run[: 8 * most].translate({ord(zero): "0", ord(one): "1"})
        content = int(bits[: len(bits) // 8 * 8], 2).to_bytes(len(bits) // 8, "big")
        if (text := readable(content, most)) is not None:
            return text
    return None
