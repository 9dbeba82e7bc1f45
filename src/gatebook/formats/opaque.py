"""What stands in a body in base64 or in a `data:` URL: a text after all, or something else.

What it is called decides nothing: who hides a text calls it an image. What can be read as a text is
one, and what begins as files of a kind do is taken for one of that kind.
"""

import binascii
import re
from typing import Final, Literal, cast
from urllib.parse import unquote_to_bytes

Kind = Literal["image", "audio", "video", "file", "encrypted", "link", "tokens"]

_MOST: Final = 1024 * 1024
"""Characters that are decoded; what is longer counts as no text."""
_HEAD: Final = 1024
"""Characters that are looked at first, a multiple of four."""
_PLAIN: Final = bytes.maketrans(b"-_", b"+/")
_BREAKS: Final = b"\r\n"
_NOT_IN_TEXT: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_DATA: Final = re.compile(r"data:[^,]*+,", re.IGNORECASE)
_BASE64: Final = re.compile(r";[ ]*base64[ ]*,\Z", re.IGNORECASE)
_LINK: Final = re.compile(r"[a-z][a-z0-9+.-]{1,20}://", re.IGNORECASE)
# Documents that a reader shows as something else than the text they are written in.
_MARKED_UP: Final = (b"%PDF", b"{\\rtf")

_BEGINNING: Final = re.compile(
    rb"(?P<image>\x89PNG|\xff\xd8\xff|GIF8|BM|II\*\0|MM\0\*|RIFF....WEBP|....ftyp(?:avi|hei|mif))"
    rb"|(?P<audio>ID3|\xff[\xe3\xf1-\xf3\xf9-\xfb]|OggS|fLaC|RIFF....WAVE|FORM....AIF|....ftypM4A)"
    rb"|(?P<video>....ftyp|\x1a\x45\xdf\xa3|RIFF....AVI |\0\0\x01[\xb3\xba]|FLV)"
    rb"|(?P<file>%PDF|PK\x03\x04|\xd0\xcf\x11\xe0|\x1f\x8b|BZh|7z\xbc\xaf|Rar!)",
    re.DOTALL,
)


def is_link(text: str) -> bool:
    """Whether this is an address elsewhere, where data are due."""
    return _LINK.match(text) is not None


def is_inline(text: str) -> bool:
    """Whether what an address leads to stands in it, so that nobody fetches it."""
    return text[:5].lower() == "data:"


def opened(text: str, usual: Kind) -> tuple[str | None, Kind | None]:
    """What data in base64, or in a `data:` URL, are: the text in them, and what else there is.

    The text is None where there is none, the kind where there is nothing else; both for no data.
    """
    start = _DATA.match(text)
    data = text[start.end() :] if start else text
    read = _percent if start and not _BASE64.search(start[0]) else _base64
    head = read(data[:_HEAD])
    if head is None:
        return None, None
    begins = _BEGINNING.match(head)
    kind = cast("Kind", begins.lastgroup) if begins else usual
    if len(data) > _MOST or _NOT_IN_TEXT.search(head):
        return None, kind
    found = _text(read(data))
    is_more = found is None or usual != "file" or head.startswith(_MARKED_UP)
    return found, kind if is_more else None


def _percent(data: str) -> bytes:
    return unquote_to_bytes(data)


def _base64(data: str) -> bytes | None:
    """The bytes, also of what was cut off; None for what not every reader takes for the same."""
    try:
        plain = data.encode("ascii").translate(_PLAIN, _BREAKS).rstrip(b"=")
        whole = len(plain) - (len(plain) % 4 == 1)
        return binascii.a2b_base64(plain[:whole] + b"=" * (-whole % 4), strict_mode=True)
    except ValueError:
        return None


def _text(data: bytes | None) -> str | None:
    """The text that bytes are, if they are one."""
    if data is None or _NOT_IN_TEXT.search(data):
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
