"""Ways in which a sentence is disguised, by name: what the guard has to see through."""

import base64
import codecs
import gzip
import quopri
import zlib
from collections.abc import Callable
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from typing import Final
from urllib.parse import quote

Disguise = Callable[[str], str]

_SIGNALS: Final = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .--"
    " -..- -.-- --.."
)
MORSE: Final = dict(zip(ascii_lowercase, _SIGNALS.split(), strict=True))
UPSIDE_DOWN: Final = "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz"


def spelled(lower: str, upper: str = "") -> Disguise:
    """Another alphabet, by its letters in order."""
    table = str.maketrans(ascii_lowercase + ascii_uppercase, lower + (upper or lower))
    return lambda text: text.translate(table)


def alphabet(first_lower: int, first_upper: int) -> Disguise:
    """Another alphabet, by where Unicode has it."""
    return spelled(
        "".join(chr(first_lower + at) for at in range(26)),
        "".join(chr(first_upper + at) for at in range(26)),
    )


def some(table: dict[str, str]) -> Disguise:
    """Only some letters in another way."""
    return lambda text: text.translate(str.maketrans("".join(table), "".join(table.values())))


def after_each(*signs: str) -> Disguise:
    """Signs after each letter, in turn."""
    return lambda text: "".join(
        char + (signs[at % len(signs)] if char in ascii_letters else "")
        for at, char in enumerate(text)
    )


def each(form: str, between: str = "") -> Disguise:
    """Each byte in a form of its own."""
    return lambda text: between.join(format(code, form) for code in text.encode())


def rotated(by: int) -> Disguise:
    """Caesar's cipher."""
    return spelled(
        ascii_lowercase[by:] + ascii_lowercase[:by], ascii_uppercase[by:] + ascii_uppercase[:by]
    )


def encoded(*codes: Callable[[bytes], bytes]) -> Disguise:
    """Bytes, encoded one after the other."""

    def disguise(text: str) -> str:
        content = text.encode()
        for code in codes:
            content = code(content)
        return content.decode()

    return disguise


DISGUISES: Final[dict[str, Disguise]] = {
    "zero width": after_each("\u200b", "\u200d", "\u2060", "\ufeff"),
    "soft hyphens": after_each("\u00ad"),
    "bidirectional": lambda text: "\u202d" + "\u2066".join(text) + "\u202c",
    "variation selectors between": after_each("\ufe0f", "\U000e0101"),
    "control characters": after_each("\x00", "\x08", "\x7f"),
    "combining marks": after_each("\u0336", "\u0301\u0323\u0489", "\u05b8"),
    "accents": spelled("àƀçďèƒğĥîĵķłmñöṕqŕšŧüṽŵẋýž", "ÀƁÇĎÈƑĞĤÎĴĶŁṀÑÖṔQŔŠŦÜṼŴẊÝŽ"),
    "Cyrillic": some({"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "i": "і", "s": "ѕ"}),
    "Greek": some({"a": "α", "e": "ε", "o": "ο", "i": "ι", "n": "η", "t": "τ", "u": "υ"}),
    "faux Cyrillic": some({"r": "я", "n": "и", "e": "э", "t": "т", "m": "м", "k": "к", "h": "н"}),
    "full width": alphabet(0xFF41, 0xFF21),
    "bold": alphabet(0x1D41A, 0x1D400),
    "Fraktur": alphabet(0x1D586, 0x1D56C),
    "monospace": alphabet(0x1D68A, 0x1D670),
    "circled": alphabet(0x24D0, 0x24B6),
    "squared": alphabet(0x1F130, 0x1F130),
    "negative squared": alphabet(0x1F170, 0x1F170),
    "regional indicators": alphabet(0x1F1E6, 0x1F1E6),
    "parenthesized": alphabet(0x249C, 0x1F110),
    "small capitals": spelled("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡxʏᴢ"),
    "superscript": spelled("ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖqʳˢᵗᵘᵛʷˣʸᶻ"),
    "braille": spelled("⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵"),
    "upside down": lambda text: spelled(UPSIDE_DOWN)(text)[::-1],
    "tag characters": lambda text: "Hi!" + "".join(chr(0xE0000 + ord(char)) for char in text),
    "bytes in variation selectors": lambda text: (
        "Hi!" + "".join(chr(0xE0100 + code - 16) for code in text.encode())
    ),
    "bits of no width": lambda text: (
        "Hi!" + each("08b")(text).translate(str.maketrans("01", "\u200b\u200c"))
    ),
    "exotic spaces": lambda text: text.replace(" ", "\u2003\u3000"),
    "leet": some({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"}),
    "light leet": some({"a": "@", "e": "3", "i": "!", "o": "0"}),
    "spaced": " ".join,
    "dotted": lambda text: " ".join(".".join(word) for word in text.split()),
    "dashed": lambda text: "   ".join("-".join(word) for word in text.split()),
    "a letter a line": "\n".join,
    "a word a line": lambda text: text.replace(" ", "\n"),
    "HTML, decimal": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "HTML, hex, twice": lambda text: "".join(f"&amp;#x{ord(char):x};" for char in text),
    "percent": lambda text: "".join(f"%{code:02x}" for code in text.encode()),
    "percent, twice": lambda text: quote(quote(text)),
    "JSON": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "a program's": lambda text: "".join(f"\\x{code:02x}" for code in text.encode()),
    "octal escapes": lambda text: "".join(f"\\{code:03o}" for code in text.encode()),
    "U+": lambda text: " ".join(f"U+{ord(char):04X}" for char in text),
    "quoted-printable": lambda text: (
        quopri.encodestring("".join(f"={code:02X}" for code in text.encode()).encode())
        .decode()
        .replace("=3D", "=")
    ),
    "base64": encoded(base64.b64encode),
    "base64 for URLs, unpadded": lambda text: (
        base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    ),
    "base64, wrapped": lambda text: "\n".join(
        base64.b64encode(f"{text}. {text}.".encode()).decode()[at : at + 24]
        for at in range(0, 400, 24)
    ),
    "base64, twice": encoded(base64.b64encode, base64.b64encode),
    "base64, gzip": encoded(gzip.compress, base64.b64encode),
    "base64, zlib": encoded(zlib.compress, base64.b64encode),
    "base64, UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base64 of base32": encoded(base64.b32encode, base64.b64encode),
    "base64 of hex of rot13": lambda text: base64.b64encode(
        codecs.encode(text, "rot13").encode().hex().encode()
    ).decode(),
    "base32": encoded(base64.b32encode),
    "base85": encoded(base64.b85encode),
    "ascii85": lambda text: base64.a85encode(text.encode(), adobe=True).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex, spaced": each("02x", " "),
    "hex, colons": each("02X", ":"),
    "hex, listed": each("#04x", ", "),
    "binary": each("08b", " "),
    "binary, unbroken": each("08b"),
    "decimal": each("d", " "),
    "decimal, listed": each("d", ", "),
    "octal": each("03o", " "),
    "Morse": lambda text: " / ".join(
        " ".join(MORSE[char] for char in word.lower() if char in MORSE) for word in text.split()
    ),
    "rot13": rotated(13),
    "rot3": rotated(3),
    "rot19": rotated(19),
    "Atbash": spelled(ascii_lowercase[::-1], ascii_uppercase[::-1]),
    "reversed": lambda text: text[::-1],
    "words reversed": lambda text: " ".join(word[::-1] for word in text.split()),
    "full width in base64": lambda text: base64.b64encode(
        alphabet(0xFF41, 0xFF21)(text).encode()
    ).decode(),
    "spaced full width": lambda text: " ".join(alphabet(0xFF41, 0xFF21)(text)),
}
