"""A sealed value opens in its place, under its key, as it was sealed, and not otherwise."""

import msgspec
import pytest

from gatebook.core.envelope import Cell, DataKey, LocalKek, new_data_key, open_data_key
from gatebook.core.errors import Tampered
from gatebook.core.ids import system_entropy

CELL = Cell("providers", "prv_1", "credential")
KEY = DataKey("dek_1", "org_1", bytes(range(32)))
SEALED = KEY.seal(b"plain", CELL, system_entropy)
KEK = LocalKek(bytes(32), system_entropy)


def test_what_was_sealed_opens() -> None:
    assert KEY.unseal(SEALED, CELL) == b"plain"


@pytest.mark.parametrize(
    "cell",
    [
        Cell("bodies", "prv_1", "credential"),
        Cell("providers", "prv_2", "credential"),
        Cell("providers", "prv_1", "name"),
    ],
)
def test_a_value_moved_to_another_place_does_not_open(cell: Cell) -> None:
    with pytest.raises(Tampered):
        KEY.unseal(SEALED, cell)


@pytest.mark.parametrize(
    "key",
    [
        DataKey("dek_1", "org_2", bytes(range(32))),
        DataKey("dek_2", "org_1", bytes(range(32))),
        DataKey("dek_1", "org_1", bytes(32)),
    ],
)
def test_a_value_of_another_tenant_version_or_key_does_not_open(key: DataKey) -> None:
    with pytest.raises(Tampered):
        key.unseal(SEALED, CELL)


def test_no_changed_byte_and_no_shortened_value_opens() -> None:
    for at in range(len(SEALED)):
        flipped = bytearray(SEALED)
        flipped[at] ^= 1
        with pytest.raises(Tampered):
            KEY.unseal(bytes(flipped), CELL)
        with pytest.raises(Tampered):
            KEY.unseal(SEALED[:at], CELL)


def test_the_same_value_is_never_sealed_to_the_same_bytes() -> None:
    assert KEY.seal(b"plain", CELL, system_entropy) != SEALED


def test_a_place_cannot_be_named_ambiguously() -> None:
    with pytest.raises(ValueError, match="holds a"):
        KEY.seal(b"plain", Cell("a|b", "c", "d"), system_entropy)


def test_a_stored_data_key_opens_what_it_sealed() -> None:
    key, stored = new_data_key("org_1", KEK, 7, system_entropy)
    sealed = key.seal(b"plain", CELL, system_entropy)
    assert open_data_key(stored, KEK).unseal(sealed, CELL) == b"plain"
    assert (stored.kek_id, stored.created_at) == (KEK.id, 7)


def test_a_data_key_opens_for_its_own_organization_row_and_kek_only() -> None:
    _, stored = new_data_key("org_1", KEK, 7, system_entropy)
    wrong = [
        msgspec.structs.replace(stored, organization_id="org_2"),
        msgspec.structs.replace(stored, organization_id=None),
        msgspec.structs.replace(stored, id="dek_other"),
        msgspec.structs.replace(stored, kek_id="local_other"),
    ]
    for row in wrong:
        with pytest.raises(Tampered):
            open_data_key(row, KEK)
    with pytest.raises(Tampered):
        open_data_key(stored, LocalKek(bytes(range(32)), system_entropy))


def test_derived_keys_differ_by_purpose_and_by_data_key() -> None:
    other = DataKey("dek_1", "org_1", bytes(32))
    assert len({KEY.derive("a"), KEY.derive("b"), other.derive("a")}) == 3
    assert KEY.derive("a") == KEY.derive("a")
