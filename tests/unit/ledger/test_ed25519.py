"""One meaning of "valid": RFC 8032, without low-order keys and nonces."""

from hashlib import sha512
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatebook.core.errors import Invalid
from gatebook.ledger.ed25519 import LOW_ORDER, SigningKey, verify
from tests.vectors import load

VECTORS = load("ledger/ed25519")
P = 2**255 - 19
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize("case", VECTORS["rfc8032"])
def test_rfc_8032_vectors(case: dict[str, str]) -> None:
    key = SigningKey(bytes.fromhex(case["seed"]))
    message, signature = bytes.fromhex(case["message"]), bytes.fromhex(case["signature"])
    assert key.public.hex() == case["public"]
    assert key.sign(message) == signature
    assert verify(key.public, signature, message)


@pytest.mark.parametrize("case", VECTORS["edge_cases"], ids=lambda case: f"cctv-{case['number']}")
def test_edge_cases_are_valid_only_without_low_order_points(case: dict[str, Any]) -> None:
    condemned = {"low_order_A", "low_order_R", "low_order_residue", "non_canonical_R"}
    key, signature = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"])
    assert verify(key, signature, case["msg"].encode()) is condemned.isdisjoint(case["flags"])


@pytest.mark.parametrize("case", VECTORS["edge_cases"], ids=lambda case: f"cctv-{case['number']}")
def test_a_laxer_verifier_with_the_same_list_agrees(case: dict[str, Any]) -> None:
    """The list is all that separates OpenSSL's rules from ours; without it they differ."""
    key, signature = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"])
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, case["msg"].encode())
        accepted = True
    except InvalidSignature:
        accepted = False
    listed = key in LOW_ORDER or signature[:32] in LOW_ORDER
    assert (accepted and not listed) is verify(key, signature, case["msg"].encode())
    assert accepted is {"low_order_residue", "non_canonical_R"}.isdisjoint(case["flags"])


def test_the_list_is_the_published_one() -> None:
    assert {each.hex() for each in LOW_ORDER} == set(VECTORS["low_order"])
    assert len(LOW_ORDER) == 14


def test_the_list_holds_every_spelling_of_every_low_order_point() -> None:
    """Derived anew: y = 0, 1, -1 and the two of order 8, each sign, each reduced and plus p."""
    # A point of order 8 doubles to y = 0, so x^2 = -y^2; on -x^2 + y^2 = 1 + d x^2 y^2 that is
    # d y^4 + 2 y^2 - 1 = 0.
    d = -121665 * pow(121666, -1, P) % P
    ordinates = {0, 1, P - 1} | {
        y
        for root in _square_roots((1 + d) % P)
        for y in _square_roots((root - 1) * pow(d, -1, P) % P)
    }
    spellings = {
        (y + shift | sign << 255).to_bytes(32, "little")
        for y in ordinates
        for shift in (0, P)
        for sign in (0, 1)
        if y + shift < 2**255
    }
    assert spellings == LOW_ORDER


@pytest.mark.parametrize("encoding", sorted(LOW_ORDER), ids=bytes.hex)
def test_a_low_order_key_signs_nothing(encoding: bytes) -> None:
    """With A of order n and k a multiple of n, R = [S]B satisfies the equation for any S."""
    signature, message = _forgery(encoding)
    assert not verify(encoding, signature, message)


def test_the_forgery_would_work_without_the_list() -> None:
    """The attempt above is a real one: a verifier without the list accepts the identity as key."""
    identity = (1).to_bytes(32, "little")
    signature, message = _forgery(identity)
    Ed25519PublicKey.from_public_bytes(identity).verify(signature, message)


@pytest.mark.parametrize("encoding", sorted(LOW_ORDER), ids=bytes.hex)
def test_a_low_order_nonce_is_refused(encoding: bytes) -> None:
    key = SigningKey(bytes(32))
    assert not verify(key.public, encoding + key.sign(b"m")[32:], b"m")


def test_a_key_that_is_not_reduced_is_refused() -> None:
    """y >= p spells a point a second time, and then two keys would be one."""
    for ordinate in range(P, 2**255):
        assert not verify(
            ordinate.to_bytes(32, "little"), *_forgery(ordinate.to_bytes(32, "little"))
        )


def test_a_scalar_that_is_not_reduced_is_refused() -> None:
    """S + L verifies by the bare equation; RFC 8032 section 5.1.7 wants S < L."""
    key = SigningKey(bytes(32))
    signature = key.sign(b"m")
    scalar = int.from_bytes(signature[32:], "little") + GROUP_ORDER
    assert not verify(key.public, signature[:32] + scalar.to_bytes(32, "little"), b"m")


@pytest.mark.parametrize(("key_bytes", "signature_bytes"), [(31, 64), (33, 64), (32, 63), (32, 65)])
def test_wrong_lengths_are_not_valid(key_bytes: int, signature_bytes: int) -> None:
    assert not verify(bytes([9]) * key_bytes, bytes([9]) * signature_bytes, b"m")


def test_every_bit_of_signature_and_message_counts() -> None:
    key = SigningKey(b"s" * 32)
    signature = key.sign(b"message")
    for at in range(64 * 8):
        flipped = bytearray(signature)
        flipped[at // 8] ^= 1 << at % 8
        assert not verify(key.public, bytes(flipped), b"message")
    assert not verify(key.public, signature, b"messagf")


def test_a_destroyed_key_signs_no_more() -> None:
    key = SigningKey(bytes(32))
    key.destroy()
    with pytest.raises(ValueError, match="destroyed"):
        key.sign(b"m")


def test_a_key_comes_from_32_bytes_of_the_given_entropy() -> None:
    assert SigningKey.generate(lambda count: b"e" * count).public == SigningKey(b"e" * 32).public
    with pytest.raises(Invalid):
        SigningKey(bytes(31))


def _square_roots(value: int) -> set[int]:
    """Square roots modulo P (P % 8 == 5), none for a non-residue."""
    candidate = pow(value, (P + 3) // 8, P)
    for root in (candidate, candidate * pow(2, (P - 1) // 4, P) % P):
        if root * root % P == value:
            return {root, -root % P}
    return set()


def _forgery(public: bytes) -> tuple[bytes, bytes]:
    """R = [S]B and a message whose hash k is 0 modulo 8, so that [k]A vanishes for low-order A."""
    seed = bytes(32)
    scalar = int.from_bytes(sha512(seed).digest()[:32], "little")
    scalar = (scalar & (2**254 - 8)) | 2**254
    nonce = SigningKey(seed).public
    signature = nonce + (scalar % GROUP_ORDER).to_bytes(32, "little")
    for counter in range(1000):
        message = b"%d" % counter
        k = int.from_bytes(sha512(nonce + public + message).digest(), "little") % GROUP_ORDER
        if k % 8 == 0:
            return signature, message
    raise AssertionError
