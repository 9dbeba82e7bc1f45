"""The form of a key, and what is kept of it."""

import re

import pytest

from gatebook.core.ids import system_entropy
from gatebook.identity.keys import LENGTH, PREFIX, KeyParts, Peppers, mint, parse

PEPPERS = Peppers({1: bytes(range(32))})
MINTED = mint(PEPPERS, lambda count: bytes(range(100, 100 + count)))
TOKEN = MINTED.token.reveal()


def test_a_key_is_one_word_of_76_characters_with_a_prefix_scanners_know() -> None:
    assert len(TOKEN) == LENGTH == 76
    assert re.fullmatch(r"gbk_agt_live_[0-9A-Za-z]{13}_[0-9A-Za-z]{49}", TOKEN)
    assert TOKEN.startswith(PREFIX)


def test_a_minted_key_parses_to_its_id() -> None:
    parts = parse(TOKEN)
    assert parts is not None
    assert parts.id == MINTED.id
    assert MINTED.last4 == TOKEN[-4:]


def test_keys_that_were_handed_out_stay_valid_from_version_to_version() -> None:
    """Form, checksum and MAC of a key minted from the bytes 0, 1, 2 ..."""
    fixed = "gbk_agt_live_0005McJmDgrvc_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf3bkldl"
    mac = bytes.fromhex("562ae790632631a262f618257a584fa9303a707087ce9546684e081830bf7e9f")
    minted = mint(PEPPERS, lambda count: bytes(range(count)))
    assert (minted.token.reveal(), minted.mac) == (fixed, mac)
    parts = parse(fixed)
    assert parts is not None
    assert PEPPERS.prove(parts, mac, 1)


@pytest.mark.parametrize("at", range(LENGTH))
def test_a_key_with_one_changed_character_is_none(at: int) -> None:
    for char in "0aZ_-":
        if char != TOKEN[at]:
            assert parse(TOKEN[:at] + char + TOKEN[at + 1 :]) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        TOKEN[:-1],
        TOKEN + "0",
        TOKEN + "\n",
        f" {TOKEN}",
        TOKEN.upper(),
        TOKEN.replace("_", "-"),
    ],
)
def test_what_has_another_form_is_none(text: str) -> None:
    assert parse(text) is None


def test_a_key_is_proven_by_its_secret_under_the_pepper_it_was_minted_with() -> None:
    parts = parse(TOKEN)
    assert parts is not None
    assert PEPPERS.prove(parts, MINTED.mac, 1)
    assert not PEPPERS.prove(KeyParts(parts.id, parts.secret[::-1]), MINTED.mac, 1)
    assert not Peppers({1: bytes(32)}).prove(parts, MINTED.mac, 1)


def test_a_mac_moved_to_the_row_of_another_key_proves_nothing() -> None:
    parts = parse(TOKEN)
    assert parts is not None
    assert not PEPPERS.prove(KeyParts("0" * 13, parts.secret), MINTED.mac, 1)


@pytest.mark.parametrize("mac", [b"", bytes(32)])
def test_a_pepper_that_was_taken_away_proves_nothing_whatever_the_row_says(mac: bytes) -> None:
    parts = parse(TOKEN)
    assert parts is not None
    assert not PEPPERS.prove(parts, mac, 2)
    assert not PEPPERS.prove(parts, MINTED.mac, 2)


def test_the_newest_pepper_mints_and_older_ones_still_prove() -> None:
    both = Peppers({1: bytes(range(32)), 2: bytes(32)})
    assert mint(both, system_entropy).pepper_version == 2
    parts = parse(TOKEN)
    assert parts is not None
    assert both.prove(parts, MINTED.mac, 1)


def test_peppers_do_not_show() -> None:
    assert "\\x" not in repr(PEPPERS)
    assert TOKEN not in repr(MINTED)
