"""The keys of agents: `gbk_agt_live_<13 id>_<43 secret><6 checksum>`, 76 characters of base 62.

A distinct prefix and a CRC-32 let secret scanners find a leaked key and let us turn down a mistyped
one before any look-up. The secret has 256 bits, so an HMAC is enough: no slow hash is needed, and
without the pepper, which is not in the database, a stolen database is of no use.
"""

import re
from binascii import crc32
from collections.abc import Mapping
from hmac import compare_digest, digest
from typing import Final, NamedTuple

from gatebook.core.ids import Entropy, base62
from gatebook.core.secret import Secret

PREFIX: Final = "gbk_agt_live_"
LENGTH: Final = 76

_FORM: Final = re.compile(r"gbk_agt_live_([0-9A-Za-z]{13})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})")
_ID_BYTES: Final = 9
_SECRET_BYTES: Final = 32


class KeyParts(NamedTuple):
    """What a well-formed key says: which one it claims to be, and the proof."""

    id: str
    secret: str


class Minted(NamedTuple):
    """A fresh key; `token` is shown once and kept nowhere."""

    id: str
    token: Secret
    mac: bytes
    pepper_version: int
    last4: str


class Peppers:
    """The secrets of this installation that MACs depend on, by version; the highest mints."""

    def __init__(self, by_version: Mapping[int, bytes]) -> None:
        self.version = max(by_version)
        self._by_version = dict(by_version)

    def mac(self, parts: KeyParts) -> bytes:
        """What is stored of a key: HMAC-SHA-256 of id and secret.

        The id is bound so that a stored MAC fits one row only.
        """
        return _mac(self._by_version[self.version], parts)

    def prove(self, parts: KeyParts, mac: bytes, version: int) -> bool:
        """Whether the secret is the one that `mac` was made of, under a pepper we still have."""
        pepper = self._by_version.get(version)
        # Without a pepper nothing is proven, whatever the row says, and it takes as long.
        proof = _mac(self._by_version[self.version] if pepper is None else pepper, parts)
        return compare_digest(proof, mac) and pepper is not None


def mint(peppers: Peppers, entropy: Entropy) -> Minted:
    """A new key and what is stored of it."""
    parts = KeyParts(
        base62(int.from_bytes(entropy(_ID_BYTES)), 13),
        base62(int.from_bytes(entropy(_SECRET_BYTES)), 43),
    )
    body = f"{PREFIX}{parts.id}_{parts.secret}"
    token = body + _checksum(body)
    return Minted(parts.id, Secret(token), peppers.mac(parts), peppers.version, token[-4:])


def parse(token: str) -> KeyParts | None:
    """The parts of a token; None unless its form and its checksum are right."""
    match = _FORM.fullmatch(token)
    if match is None or _checksum(token[:-6]) != match[3]:
        return None
    return KeyParts(match[1], match[2])


def _mac(pepper: bytes, parts: KeyParts) -> bytes:
    return digest(pepper, f"{parts.id}_{parts.secret}".encode(), "sha256")


def _checksum(body: str) -> str:
    return base62(crc32(body.encode()), 6)
