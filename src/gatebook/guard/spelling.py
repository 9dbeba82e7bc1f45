"""How signals are written so that people can read them, and what the engines get in place of it.

`{name}` stands for one of the words of that name in `signals/words.toml`, which may use others.
A space stands for any white space, and ` ?` for some or none. Letters beyond ASCII stand for their
UTF-8 bytes, as they are, with a capital or all in capitals; a Latin letter with a mark also for the
one without. The case of ASCII letters does not count.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from gatebook.core.errors import Misconfigured

Words = Mapping[str, tuple[str, ...]]

_TOKEN: Final = re.compile(
    r"(?P<byte>\\x[89a-f][0-9a-f])|(?P<escaped>\\.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|\{(?P<word>[a-z]\w*)\}"
    r"|(?P<space> \??)|(?P<beyond>[^\x00-\x7f]+)|(?P<plain>.)",
    re.DOTALL,
)


def spelled(pattern: str, words: Words) -> str:
    """A signal's pattern as the engines read it; raises Misconfigured."""
    return "(?i)" + _expanded(pattern, words)


def _expanded(pattern: str, words: Words, within: tuple[str, ...] = ()) -> str:
    parts = []
    for token in _TOKEN.finditer(pattern):
        if name := token["word"]:
            if name not in words or name in within:
                raise Misconfigured(
                    "guard_pattern", f"{{{name}}} stands for no words.", "Add it to words.toml."
                )
            of_it = (_expanded(word, words, (*within, name)) for word in words[name])
            parts.append(f"(?:{'|'.join(of_it)})")
        elif token["byte"]:
            parts.append(_exact(token["byte"]))
        elif token["space"]:
            parts.append(r"\s+" if token[0] == " " else r"\s*")
        elif token["beyond"]:
            parts.append(_in_bytes(token["beyond"]))
        else:
            parts.append(token[0])
    return "".join(parts)


def _in_bytes(letters: str) -> str:
    apart = unicodedata.normalize("NFD", letters)
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    ways = {letters, letters.capitalize(), letters.upper()}
    if plain.isascii():
        ways |= {plain.lower(), plain.upper()}
    spelled_out = ("".join(f"\\x{byte:02x}" for byte in way.encode()) for way in sorted(ways))
    return _exact("|".join(spelled_out))


def _exact(pattern: str) -> str:
    """Bytes have no case; RE2, which takes them for Latin letters, would see one."""
    return f"(?-i:{pattern})"
