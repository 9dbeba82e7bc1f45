"""A certificate says which key may write which stream, from when until when, and nothing else."""

import pytest

from gatebook.core.clock import to_text
from gatebook.core.errors import Tampered
from gatebook.ledger.certificate import (
    MAX_LIFE_US,
    StreamCertificate,
    parse_certificate,
    parse_request,
    request_text,
)
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.note import VerifierKey
from tests.recorder import LOG
from tests.simulators.clock import NOON_US

KEY = VerifierKey.ed25519("s9f2Kq81LmZ0a", SigningKey(bytes(range(32))).public)
CERTIFICATE = StreamCertificate(LOG, KEY, NOON_US, NOON_US + MAX_LIFE_US)
TEXT = CERTIFICATE.to_text()
REQUEST = request_text(LOG, KEY)


def test_a_certificate_is_read_as_it_was_written() -> None:
    assert parse_certificate(TEXT) == CERTIFICATE


def test_a_certificate_has_one_form() -> None:
    noon, later = to_text(NOON_US), to_text(NOON_US + MAX_LIFE_US)
    assert TEXT.split("\n") == ["gatebook.dev/stream-key/v1", LOG, str(KEY), noon, later, ""]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n" * 5,
        TEXT[:-1],
        TEXT + "\n",
        TEXT + "more\n",
        TEXT.replace("/v1", "/v2"),
        TEXT.replace("stream-key", "stream-key-request"),
        TEXT.replace(KEY.key_id.hex(), "00000000"),
        TEXT.replace(str(KEY), "not a key"),
        TEXT.replace(".000000Z", "Z"),
        TEXT.replace("2026", "２０２６"),  # digits, but not of ASCII
        TEXT.replace("T12", " 12"),
    ],
)
def test_any_other_text_is_no_certificate(text: str) -> None:
    with pytest.raises(Tampered) as caught:
        parse_certificate(text)
    assert caught.value.code == "certificate_malformed"


@pytest.mark.parametrize("life_us", [MAX_LIFE_US + 1, 0, -1])
def test_a_certificate_lives_for_a_day_at_most(life_us: int) -> None:
    with pytest.raises(Tampered) as caught:
        parse_certificate(StreamCertificate(LOG, KEY, NOON_US, NOON_US + life_us).to_text())
    assert caught.value.code == "certificate_too_long"


def test_a_request_is_read_as_it_was_written() -> None:
    assert parse_request(REQUEST) == (LOG, KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        REQUEST[:-1],
        REQUEST + "\n",
        REQUEST.replace("/v1", "/v2"),
        TEXT,
        REQUEST.replace(str(KEY), "not a key"),
    ],
)
def test_any_other_text_is_no_request(text: str) -> None:
    with pytest.raises(Tampered) as caught:
        parse_request(text)
    assert caught.value.code == "request_malformed"
