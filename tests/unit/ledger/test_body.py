"""A sealed body is the one its entry commits to, or it is none."""

import hmac
from base64 import b64decode

import pytest
from msgspec.structs import replace

from gatebook.core.envelope import DataKey
from gatebook.core.errors import Tampered
from gatebook.core.ids import system_entropy
from gatebook.ledger.body import SALT_BYTES, body_cell, open_body, seal_body

KEY = DataKey("dek_1", "org_1", bytes(32))
CELL = body_cell(3, 7)
PLAIN = b'{"reason":"it leaked"}'
SEALED, COMMITMENT = seal_body(PLAIN, KEY, CELL, system_entropy)


def test_a_body_opens_to_what_was_sealed() -> None:
    assert open_body(SEALED, KEY, CELL, COMMITMENT) == PLAIN
    assert (COMMITMENT.n, COMMITMENT.k) == (len(PLAIN), "dek_1")


def test_the_commitment_can_be_checked_by_anyone_who_is_given_salt_and_body() -> None:
    salt = KEY.unseal(SEALED, CELL)[:SALT_BYTES]
    assert hmac.digest(salt, PLAIN, "sha256") == b64decode(COMMITMENT.c)


def test_a_body_of_another_entry_does_not_open() -> None:
    other, _ = seal_body(PLAIN, KEY, CELL, system_entropy)
    with pytest.raises(Tampered):
        open_body(other, KEY, CELL, COMMITMENT)
    with pytest.raises(Tampered):
        open_body(SEALED, KEY, body_cell(3, 8), COMMITMENT)


def test_a_body_sealed_anew_with_our_key_is_not_taken_for_the_one_committed_to() -> None:
    """Who has the database and the data key can seal another body, but not change the entry."""
    forged, forged_commitment = seal_body(b"{}", KEY, CELL, system_entropy)
    mixed = replace(COMMITMENT, h=forged_commitment.h)
    with pytest.raises(Tampered):
        open_body(forged, KEY, CELL, mixed)


def test_equal_bodies_have_unequal_commitments() -> None:
    """So that nobody learns from the log that two changes gave the same reason."""
    assert seal_body(PLAIN, KEY, CELL, system_entropy)[1].c != COMMITMENT.c
