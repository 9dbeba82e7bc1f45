"""Secrets inside an encoding: JSON web tokens and basic authentication."""

from base64 import b64decode, urlsafe_b64decode
from binascii import Error
from typing import Final

from gatebook.guard.checks.candidate import Candidate
from gatebook.guard.checks.randomness import is_varied, stands_for

_CLAIMS: Final = "eyJ"
"""How an object of JSON begins in base64."""


def jwt(match: Candidate) -> bool:
    """Three parts, of which the first is a header or the second begins as claims do."""
    header, claims, signature = match.value.split(".", 2)
    if stands_for(signature) or not is_varied(signature):
        return False
    return claims.startswith(_CLAIMS) or b'"alg"' in _decoded(header)


def basic(match: Candidate) -> bool:
    """`name:password` in base64."""
    text = _decoded(match.value)
    name, colon, password = text.partition(b":")
    plain = text.isascii() and all(each >= 32 for each in text)
    return bool(colon and password) and plain and not stands_for((name + password).decode())


def _decoded(text: str) -> bytes:
    """Nothing for what cannot be decoded."""
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    try:
        return (urlsafe_b64decode if "-" in text or "_" in text else b64decode)(padded)
    except (Error, ValueError):
        return b""
