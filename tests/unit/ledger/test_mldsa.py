"""ML-DSA-44 as FIPS 204 has it, in the shape of our Ed25519 keys."""

import pytest

from gatebook.core.errors import Invalid
from gatebook.ledger.mldsa import SigningKey, verify
from tests.vectors import load


@pytest.mark.parametrize("case", load("ledger/mldsa")["keys"])
def test_the_seed_makes_the_published_key(case: dict[str, str]) -> None:
    assert SigningKey(bytes.fromhex(case["seed"])).public.hex() == case["public"]


def test_signs_and_verifies() -> None:
    key = SigningKey(bytes(32))
    signature = key.sign(b"message")
    assert verify(key.public, signature, b"message")
    assert not verify(key.public, signature, b"massage")
    assert not verify(SigningKey(b"x" * 32).public, signature, b"message")
    assert not verify(key.public, signature[:-1] + bytes([signature[-1] ^ 1]), b"message")


def test_wrong_lengths_are_not_valid() -> None:
    key = SigningKey(bytes(32))
    signature = key.sign(b"m")
    assert not verify(key.public[1:], signature, b"m")
    assert not verify(key.public, signature[1:], b"m")


def test_a_destroyed_key_signs_no_more() -> None:
    key = SigningKey(bytes(32))
    key.destroy()
    with pytest.raises(ValueError, match="destroyed"):
        key.sign(b"m")


def test_a_key_comes_from_32_bytes_of_the_given_entropy() -> None:
    assert SigningKey.generate(lambda count: b"e" * count).public == SigningKey(b"e" * 32).public
    with pytest.raises(Invalid):
        SigningKey(bytes(31))
