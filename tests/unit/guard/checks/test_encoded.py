"""Tokens and names with passwords inside an encoding."""

from base64 import b64encode

from gatebook.guard.checks.candidate import Candidate
from gatebook.guard.checks.encoded import basic, jwt

HEADER = b64encode(b'{"alg":"none"}').decode().rstrip("=")
SIGNATURE = "k9TxQ2LmQ8vR4wZ7pB1nYf3D"


def test_a_web_token_has_a_header_or_claims() -> None:
    assert jwt(Candidate(f"{HEADER}.c29tZXRoaW5n.{SIGNATURE}", "", ""))
    assert jwt(Candidate(f"eyJicm9rZW4.eyJzdWIiOiIxIn0.{SIGNATURE}", "", ""))
    assert not jwt(Candidate(f"eyJicm9rZW4.c29tZXRoaW5n.{SIGNATURE}", "", ""))
    assert not jwt(Candidate(f"{HEADER}.eyJzdWIiOiIxIn0.xxxxxxxxxxxxxxxxxxxxxxxx", "", ""))


def test_a_name_and_a_password_are_plain_text_with_a_colon() -> None:
    assert basic(_encoded(b"anna:q8Vtr2mZ"))
    assert not basic(_encoded(b"anna"))
    assert not basic(_encoded(b"anna:"))
    assert not basic(_encoded(b"\x00\x01:\xff\xfe"))
    assert not basic(_encoded(b"user:<password>"))
    assert not basic(Candidate("not base64!", "", ""))


def _encoded(text: bytes) -> Candidate:
    return Candidate(b64encode(text).decode(), "", "")
