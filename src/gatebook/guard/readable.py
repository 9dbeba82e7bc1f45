"""Whether bytes that were decoded say something: text, mostly printable; inflated if need be."""

import codecs
import re
import zlib
from typing import Final

_SHORTEST: Final = 4
_PRINTABLE: Final = bytes(range(0x20, 0x7F)) + b"\t\n\r"
_UNPRINTABLE: Final = re.compile("[^\\s\x20-\x7e\u00a1-\ud7ff\uf900-\ufffc\U00010000-\U0003ffff]")
_HEADERS: Final = {
    b"\x1f\x8b": 31,
    b"\x78\x01": 15,
    b"\x78\x5e": 15,
    b"\x78\x9c": 15,
    b"\x78\xda": 15,
}
"""How a deflated text begins, and what zlib has to be told."""


def readable(content: bytes, most: int) -> str | None:
    """The text that content is, of at most so many bytes; None if it is none."""
    if bits := _HEADERS.get(content[:2]):
        content = _inflated(content, bits, most)
    content = content[:most]
    if not content.isascii():
        return _beyond_ascii(content)
    if content[1::2].count(0) > 0.9 * (len(content) // 2):
        content = content.replace(b"\x00", b"")
    if len(content) < _SHORTEST or 20 * len(content.translate(None, _PRINTABLE)) > len(content):
        return None
    return content.decode()


def _inflated(content: bytes, bits: int, most: int) -> bytes:
    try:
        return zlib.decompressobj(bits).decompress(content, most)
    except zlib.error:
        return b""


def _beyond_ascii(content: bytes) -> str | None:
    """UTF-8 whose last character may have been cut."""
    try:
        text, _ = codecs.utf_8_decode(content, "strict", False)
    except UnicodeDecodeError:
        return None
    odd = sum(1 for _ in _UNPRINTABLE.finditer(text))
    return text if len(text) >= _SHORTEST and 20 * odd <= len(text) else None
