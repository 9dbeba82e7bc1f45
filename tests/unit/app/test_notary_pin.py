"""The notary's keys are remembered at first contact and known again."""

from pathlib import Path

import pytest

from gatebook.app.notary_pin import NotaryPin
from gatebook.core.errors import Misconfigured, Tampered
from gatebook.ledger import mldsa
from gatebook.ledger.checkpoint import Cosigner
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.note import NoteSigner, VerifierKey


def keys(origin: str = "log.example/acme", number: int = 0) -> list[VerifierKey]:
    """The two keys of a notary under a log's name."""
    seed = bytes(31) + bytes([number])
    return [
        NoteSigner(origin, SigningKey(seed)).verifier,
        Cosigner(origin, mldsa.SigningKey(seed)).verifier,
    ]


@pytest.fixture
def pin(tmp_path: Path) -> NotaryPin:
    """A data folder that never met a notary."""
    return NotaryPin(tmp_path / "notary")


def test_before_the_first_contact_nothing_is_known(pin: NotaryPin) -> None:
    assert pin.keys("log.example/acme") is None


def test_one_pair_of_keys_is_known_under_every_logs_name(pin: NotaryPin) -> None:
    pin.pin(keys())
    assert pin.keys("log.example/acme") == keys()
    assert pin.keys("log.example/other") == keys("log.example/other")


def test_the_same_keys_may_be_met_again(pin: NotaryPin, tmp_path: Path) -> None:
    pin.pin(keys())
    pin.pin(keys("log.example/other"))
    assert [path.name for path in tmp_path.iterdir()] == ["notary"]


def test_other_keys_are_named_and_not_followed(pin: NotaryPin) -> None:
    pin.pin(keys())
    with pytest.raises(Tampered, match="other keys"):
        pin.pin(keys(number=1))
    assert pin.keys("log.example/acme") == keys()


def test_a_notary_has_one_key_of_each_kind(pin: NotaryPin) -> None:
    for wrong in (keys()[:1], keys()[::-1], [*keys(), *keys()]):
        with pytest.raises(Tampered):
            pin.pin(wrong)
    assert pin.keys("log.example/acme") is None


@pytest.mark.parametrize("text", ["", "nonsense", "AQ==\nBg==\n", "AAAA"])
def test_a_damaged_pin_is_named(pin: NotaryPin, tmp_path: Path, text: str) -> None:
    path = tmp_path / "notary"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Misconfigured):
        pin.keys("log.example/acme")
