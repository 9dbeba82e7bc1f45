"""Runs that are text in another base: 64, 32, 16, and 85, wrapped over lines or not.

Looking for them costs a table lookup a byte; only unbroken runs of letters and digits are decoded,
and only their beginning unless that is text.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Final

from gatebook.guard.effort import Effort
from gatebook.guard.found import Found
from gatebook.guard.readable import readable

_MOST_RUNS: Final = 4_096
_HEAD: Final = 96
"""Bytes by which a run is judged; whole groups in every base."""
_MOST_PIECES: Final = 8
_PADDING: Final = 6
_MOST_OF_85: Final = 256
_LONGEST_OF_85: Final = 8_192

_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = b"0123456789"
_SAFE: Final = b"-_"
_SEPARATORS: Final = b"/" + _SAFE
_64: Final = _LETTERS + _DIGITS + b"+/" + _SAFE
_16: Final = _DIGITS + b"abcdefABCDEF"
_32: Final = (_LETTERS[:26] + b"234567", _LETTERS[26:] + b"234567")
_PLAIN_64: Final = bytes.maketrans(_SAFE, b"+/")
_VISIBLE: Final = bytes(range(0x21, 0x7F))
_ONLY_85: Final = b"!#$%&()*+;<=>?@^`{|}~"


def _shape(members: bytes) -> bytes:
    return bytes(ord("a") if code in members else ord(" ") for code in range(256))


_SHAPE_64: Final = _shape(_64)
_SHAPE_85: Final = _shape(_VISIBLE)
_LONG_64: Final = b"a" * 16
_LONG_85: Final = b"a" * 20
_WRAPPED: Final = re.compile(rb"(?:[\w+/-]{16,}+[ \t]*+\r?\n[ \t>]*+)+[\w+/-]{2,}+")
_PIECES: Final = re.compile(rb"[^/_-]{16,}")


def encoded(raw: bytes, effort: Effort) -> Iterator[tuple[str, Found]]:
    """What is in base 64, 32 or 16; `raw` has a byte for a code point, so that offsets stay."""
    shape = raw.translate(_SHAPE_64)
    at = unwrapped = 0
    for _ in range(_MOST_RUNS):
        start = shape.find(_LONG_64, at)
        if start < 0:
            return
        at = shape.find(b" ", start)
        at = len(raw) if at < 0 else at
        if start >= unwrapped and (lines := _WRAPPED.match(raw, start)):
            unwrapped = lines.end()
            if decoded := _first(b"".join(lines[0].translate(None, b">").split()), effort):
                at = unwrapped
                yield decoded[0], Found(start, _padded(raw, at), decoded[1])
                continue
        yield from _of_run(raw, start, at, effort)
    effort.is_complete = False


def encoded_85(raw: bytes, effort: Effort) -> Iterator[tuple[str, Found]]:
    """What is in base 85, as Adobe or as git writes it."""
    runs = effort.first(_runs_of_85(raw), _MOST_OF_85)
    for start, end in runs:
        run = raw[start:end]
        if len(run) > _LONGEST_OF_85:
            effort.is_complete = False
            run = run[:_LONGEST_OF_85]
        for name, decode in _OF_85:
            if decoded := _text(decode, run, effort):
                yield name, Found(start, end, decoded)
                break


def _runs_of_85(raw: bytes) -> Iterator[tuple[int, int]]:
    """Long runs that have of everything, as this base has."""
    shape = raw.translate(_SHAPE_85)
    end = 0
    while (start := shape.find(_LONG_85, end)) >= 0:
        end = shape.find(b" ", start)
        end = len(raw) if end < 0 else end
        head = raw[start : min(end, start + _HEAD)]
        few = len(head) // 12
        if (
            len(head) - len(head.translate(None, _ONLY_85)) > few // 2
            and len(head) - len(head.translate(None, _LETTERS[:26])) > few
            and len(head) - len(head.translate(None, _LETTERS[26:])) > few
        ):
            yield start, end


def _of_run(raw: bytes, start: int, end: int, effort: Effort) -> Iterator[tuple[str, Found]]:
    """The whole run, or else what is between the signs that also separate words."""
    run = raw[start:end]
    if decoded := _first(run, effort):
        yield decoded[0], Found(start, _padded(raw, end), decoded[1])
    elif run.translate(None, _SEPARATORS) != run:
        for piece in effort.first(_PIECES.finditer(run), _MOST_PIECES):
            if decoded := _first(piece[0], effort):
                yield decoded[0], Found(start + piece.start(), start + piece.end(), decoded[1])


def _padded(raw: bytes, end: int) -> int:
    """The end of a run with the padding after it."""
    after = raw[end : end + _PADDING]
    return end + len(after) - len(after.lstrip(b"="))


def _first(run: bytes, effort: Effort) -> tuple[str, str] | None:
    """In which base the run is text, and the text."""
    if not run.translate(None, _16 + b"xX"):
        name, decode = "hex", _of_16
    elif any(not run.translate(None, each) for each in _32) and not run.isalpha():
        name, decode = "base32", _of_32
    else:
        name, decode = "base64", _of_64
    text = _text(decode, run, effort)
    return (name, text) if text is not None else None


def _text(decode: Callable[[bytes], bytes], run: bytes, effort: Effort) -> str | None:
    """What a run says, as far as it fits; its head says whether to go on."""
    try:
        if len(run) > 2 * _HEAD and readable(decode(run[:_HEAD]), effort.decoded) is None:
            return None
        # No base makes more than one byte of one character.
        text = readable(decode(run), effort.decoded + 1)
    except ValueError:
        return None
    if text is not None and len(text) > effort.decoded:
        effort.is_complete = False
        text = text[: effort.decoded]
    effort.decoded -= len(text or "")
    return text


def _of_16(run: bytes) -> bytes:
    run = run[2:] if run[:2] in (b"0x", b"0X") else run
    return bytes.fromhex(run[: len(run) // 2 * 2].decode())


def _of_32(run: bytes) -> bytes:
    return base64.b32decode(run + b"=" * (-len(run) % 8), casefold=True)


def _of_64(run: bytes) -> bytes:
    run = run.translate(_PLAIN_64)
    run = run if len(run) % 4 != 1 else run[:-1]
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))


def _adobe(run: bytes) -> bytes:
    return base64.a85decode(run.removeprefix(b"<~").removesuffix(b"~>"))


_OF_85: Final[tuple[tuple[str, Callable[[bytes], bytes]], ...]] = (
    ("base85", base64.b85decode),
    ("ascii85", _adobe),
)
