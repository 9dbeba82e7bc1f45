"""Characters written as numbers: binary, octal, decimal, pairs of hex digits.

A table lookup a byte says where there may be some; what is found counts if it is text.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from gatebook.guard.effort import Effort
from gatebook.guard.found import Found
from gatebook.guard.readable import readable

_MOST: Final = 2_048
_DIGITS: Final = b"0123456789"
_BETWEEN: Final = b" ,;:|/-_\t\r\n\\"


def _shape(members: bytes) -> bytes:
    return bytes(
        ord("d") if code in members else ord(" ") if code in _BETWEEN else ord(".")
        for code in range(256)
    )


_DIGIT_SHAPE: Final = _shape(_DIGITS)
_HEX_SHAPE: Final = _shape(_DIGITS + b"abcdefABCDEF")
_PAIR: Final = re.compile(rb"(?:0x)?([0-9A-Fa-f]{2})")
_LONGEST_BYTE: Final = 4
"""What is taken of a long run: enough for what may still be decoded, and no more."""
_MANY: Final = b"d" * 8
_BIT_SHAPE: Final = _shape(b"01")


class _Code(NamedTuple):
    name: str
    shape: bytes
    signs: tuple[bytes, ...]
    """What is somewhere in the shape of a text with such a code."""
    pattern: re.Pattern[bytes]
    read: Callable[[bytes], str | None]


def codes(raw: bytes, effort: Effort) -> Iterator[tuple[str, Found]]:
    """What numbers spell; `raw` has a byte for a code point, so that offsets stay."""
    if _MANY not in raw.translate(_HEX_SHAPE, _BETWEEN + b"xX"):
        return
    shapes = {shape: raw.translate(shape) for shape in (_DIGIT_SHAPE, _HEX_SHAPE)}
    for code in _CODES:
        shape = shapes.get(code.shape) or raw.translate(code.shape)
        at = min((at for sign in code.signs if (at := shape.find(sign)) >= 0), default=-1)
        if at < 0:
            continue
        start = min(shape.rfind(b".", 0, at) + 1, max(0, at - 2))
        for match in effort.first(code.pattern.finditer(raw, start), _MOST):
            run = match[0][: _LONGEST_BYTE * effort.decoded]
            if (text := code.read(run)) is not None:
                effort.is_complete &= len(run) == len(match[0]) and len(text) <= effort.decoded
                text = text[: effort.decoded]
                effort.decoded -= len(text)
                yield code.name, Found(*match.span(), text)


def _binary(run: bytes) -> str | None:
    groups = re.findall(rb"[01]+", run)
    if len(groups) == 1 or any(len(group) not in (7, 8) for group in groups):
        bits = b"".join(groups)
        groups = [bits[at : at + 8] for at in range(0, len(bits) - 7, 8)]
    return _text([int(group, 2) for group in groups])


def _numbers(run: bytes) -> str | None:
    """Decimal, or else octal."""
    groups = re.findall(rb"\d+", run)
    if (text := _text([int(group) for group in groups])) is not None:
        return text
    return (
        _text([int(group, 8) for group in groups]) if b"8" not in run and b"9" not in run else None
    )


def _hex_pairs(run: bytes) -> str | None:
    return _text([int(pair, 16) for pair in _PAIR.findall(run)])


def _text(values: list[int]) -> str | None:
    return readable(bytes(values), len(values)) if max(values, default=256) < 256 else None


_CODES: Final = (
    _Code(
        "binary",
        _BIT_SHAPE,
        (b"d" * 7,),
        re.compile(rb"(?<![0-9A-Za-z])[01]{7,}+(?:[ ,_|/-]?\s?[01]{7,}+)*+(?![0-9A-Za-z])"),
        _binary,
    ),
    _Code(
        "numbers",
        _DIGIT_SHAPE,
        (b"ddd ddd ddd", b"ddd  ddd  ddd"),
        re.compile(rb"(?<![0-9A-Za-z])[0-9]{2,3}(?:[ ,;:|/\\-]\s?[0-9]{2,3}){3,}+(?![0-9A-Za-z])"),
        _numbers,
    ),
    _Code(
        "hex",
        _HEX_SHAPE,
        (b"dd dd dd dd", b"dd  dd  dd  dd", b"d.dd d.dd", b"d.dd  d.dd", b"d.ddd.ddd.dd"),
        re.compile(
            rb"(?<![0-9A-Za-z])(?:0x)?[0-9A-Fa-f]{2}"
            rb"(?:(?:[ ,;:|\n-]\s?(?:0x)?|0x)[0-9A-Fa-f]{2}(?![0-9A-Za-z]|(?<=0)x)){3,}+"
        ),
        _hex_pairs,
    ),
)
