"""Signed notes: what is read, what is believed, and what is left aside."""

from base64 import b64decode, b64encode
from typing import Any

import pytest

from gatebook.core.errors import Invalid, Tampered
from gatebook.ledger import mldsa, note
from gatebook.ledger.ed25519 import LOW_ORDER, SigningKey
from gatebook.ledger.note import (
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    Note,
    NoteSigner,
    SignatureLine,
    VerifierKey,
    decode_base64,
    open_note,
    sign_note,
)
from tests.vectors import load

VECTORS = load("ledger/note")
SIGNER = NoteSigner("example.com/a", SigningKey(b"a" * 32))
OTHER = NoteSigner("example.com/b", SigningKey(b"b" * 32))
TEXT = b"one\n\ntwo\n"
RAW = sign_note(TEXT, [SIGNER, OTHER])


@pytest.mark.parametrize("case", VECTORS["vkeys"])
def test_published_verifier_keys(case: dict[str, Any]) -> None:
    key = VerifierKey.parse(case["vkey"])
    assert (key.name, key.kind, key.key_id.hex()) == (case["name"], case["type"], case["key_id"])
    assert str(key) == case["vkey"]


@pytest.mark.parametrize("case", VECTORS["bad_vkeys"])
def test_published_bad_verifier_keys(case: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        VerifierKey.parse(case["vkey"])


def test_no_part_and_no_change_of_a_verifier_key_is_one() -> None:
    """The manglings of golang.org/x/mod sumdb/note, `TestNewVerifier`."""
    vkey = VECTORS["vkeys"][1]["vkey"]
    whole = range(len(vkey) + 1)
    parts = {vkey[i:j] for i in whole for j in whole if i < j} - {vkey}
    changed = {vkey[:i] + chr(ord(vkey[i]) + 1) + vkey[i + 1 :] for i in range(len(vkey))}
    for mangled in parts | changed:
        with pytest.raises(Invalid):
            VerifierKey.parse(mangled)


@pytest.mark.parametrize("case", VECTORS["signing"])
def test_published_signature(case: dict[str, str]) -> None:
    *_, name, _, material = case["skey"].split("+", 4)
    signer = NoteSigner(name, SigningKey(b64decode(material)[1:]))
    assert sign_note(case["text"].encode(), [signer]) == case["note"].encode()


@pytest.mark.parametrize("case", VECTORS["notes"])
def test_published_notes(case: dict[str, Any]) -> None:
    raw = case["note"].encode()
    checked = open_note(raw, [VerifierKey.parse(vkey) for vkey in case["vkeys"]])
    assert checked.note.text == case["text"].encode()
    assert [key.name for key, _ in checked.signed_by] == case["signed_by"]
    assert [line.name for line in checked.unchecked] == case["unchecked"]
    assert checked.note.encode() == raw


@pytest.mark.parametrize("case", VECTORS["bad_notes"], ids=lambda case: case["why"])
def test_published_bad_notes(case: dict[str, Any]) -> None:
    with pytest.raises((Invalid, Tampered)):
        open_note(case["note"].encode(), [VerifierKey.parse(vkey) for vkey in case["vkeys"]])


def test_the_text_is_what_stands_before_the_last_empty_line() -> None:
    assert Note.parse(RAW).text == TEXT


def test_a_line_of_an_unknown_key_is_reported_and_does_no_harm() -> None:
    checked = open_note(RAW, [SIGNER.verifier])
    assert [key for key, _ in checked.signed_by] == [SIGNER.verifier]
    assert [line.name for line in checked.unchecked] == ["example.com/b"]


def test_a_bad_line_of_a_known_key_condemns_the_note() -> None:
    good = Note.parse(RAW).signatures[0]
    forged = SignatureLine(OTHER.verifier.name, OTHER.verifier.key_id, bytes(64))
    raw = Note(TEXT, (good, forged)).encode()
    assert open_note(raw, [SIGNER.verifier]).signed_by
    with pytest.raises(Tampered, match=r"example\.com/b"):
        open_note(raw, [SIGNER.verifier, OTHER.verifier])


def test_the_first_line_of_a_key_decides_and_its_second_is_unchecked() -> None:
    good = Note.parse(RAW).signatures[0]
    bad = SignatureLine(good.name, good.key_id, bytes(64))
    assert open_note(Note(TEXT, (good, bad)).encode(), [SIGNER.verifier]).unchecked == (bad,)
    with pytest.raises(Tampered):
        open_note(Note(TEXT, (bad, good)).encode(), [SIGNER.verifier])


def test_same_name_or_same_key_id_alone_is_an_unknown_key() -> None:
    good = Note.parse(RAW).signatures[0]
    renamed = SignatureLine("example.com/c", good.key_id, bytes(64))
    other_id = SignatureLine(good.name, b"\0\0\0\0", bytes(64))
    raw = Note(TEXT, (renamed, other_id, good)).encode()
    assert open_note(raw, [SIGNER.verifier]).unchecked == (renamed, other_id)


def test_a_note_none_of_our_keys_signed_is_not_believed() -> None:
    with pytest.raises(Tampered, match="None of the trusted keys"):
        open_note(RAW, [])


def test_a_plain_note_is_not_signed_by_a_key_of_another_type() -> None:
    key = SigningKey(b"a" * 32)
    cosigner = VerifierKey("example.com/a", ED25519_COSIGNATURE, key.public)
    line = SignatureLine(cosigner.name, cosigner.key_id, key.sign(TEXT))
    with pytest.raises(Tampered):
        open_note(Note(TEXT, (line,)).encode(), [cosigner])


LINE = Note.parse(RAW).signatures[0].encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        TEXT,
        TEXT + b"\n",
        TEXT + b"\n\n",
        TEXT + b"\n" + LINE[:-1],
        TEXT + b"\n" + LINE + b"\n",
        TEXT + b"\n" + LINE + b"x\n",
        TEXT + b"\n" + LINE.replace("\N{EM DASH}".encode(), b"--"),
        TEXT + b"\n" + LINE.replace(b" example", b"  example"),
        TEXT + b"\n" + LINE.replace(b"example.com/a", b""),
        TEXT + b"\n" + LINE.replace(b"example.com/a", b"a+b"),
        TEXT + b"\n" + LINE.replace(b"example.com/a", "a\N{NO-BREAK SPACE}b".encode()),
        TEXT + b"\n" + LINE.replace(b"example.com/a", "a\N{LINE SEPARATOR}b".encode()),
        TEXT + b"\n" + LINE[:-1] + b" \n",
        TEXT + b"\n" + LINE[:-1] + b"\r\n",
        TEXT + b"\n" + "\N{EM DASH} a AAAAAA==\n".encode(),
        b"tab\there\n\n" + LINE,
        b"\xff\n\n" + LINE,
        b"no newline" + LINE,
    ],
)
def test_bytes_that_are_no_note(raw: bytes) -> None:
    with pytest.raises(Invalid):
        Note.parse(raw)


def test_limits_of_size_and_of_signatures() -> None:
    assert len(Note.parse(TEXT + b"\n" + LINE * note.MAX_SIGNATURES).signatures) == 100
    with pytest.raises(Invalid, match="100 signatures"):
        Note.parse(TEXT + b"\n" + LINE * (note.MAX_SIGNATURES + 1))
    with pytest.raises(Invalid, match="bytes"):
        Note.parse(b"x" * note.MAX_NOTE_BYTES + b"\n\n" + LINE)


def test_only_text_that_can_be_read_again_is_signed() -> None:
    for text in (b"", b"no newline", b"inner\n\nand none", b"bell \a\n"):
        with pytest.raises(Invalid):
            sign_note(text, [SIGNER])
    with pytest.raises(Invalid):
        sign_note(TEXT, [])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\N{EM SPACE}b", "a\nb", "a\0b", "\ud800"])
def test_names_no_key_may_have(name: str) -> None:
    with pytest.raises(Invalid):
        VerifierKey.ed25519(name, SIGNER.verifier.public)


def test_a_key_is_refused_where_its_type_or_its_length_is_unknown() -> None:
    for kind, length in ((0x01, 31), (0x02, 32), (0x06, 32), (0xFF, 32)):
        with pytest.raises(Invalid):
            VerifierKey("a", kind, bytes([9]) * length)


@pytest.mark.parametrize("public", sorted(LOW_ORDER), ids=bytes.hex)
def test_a_low_order_key_is_not_registered(public: bytes) -> None:
    for kind in (note.ED25519, ED25519_COSIGNATURE):
        with pytest.raises(Invalid, match="low order"):
            VerifierKey("a", kind, public)


def test_one_public_key_has_another_id_for_each_type() -> None:
    public = SIGNER.verifier.public
    assert VerifierKey("a", 0x01, public).key_id != VerifierKey("a", 0x04, public).key_id


def test_an_mldsa_key_goes_through_its_text_form() -> None:
    key = VerifierKey("a", MLDSA44_COSIGNATURE, mldsa.SigningKey(bytes(32)).public)
    assert VerifierKey.parse(str(key)) == key


@pytest.mark.parametrize(
    "encoded", ["QQ", "QR==", "QQ==\n", "QQ=", "Q Q==", "Q_==", "QQ==QQ==", "é==="]
)
def test_base64_in_another_spelling_is_refused(encoded: str) -> None:
    with pytest.raises(Invalid):
        decode_base64(encoded)


def test_base64_in_its_own_spelling() -> None:
    for length in range(70):
        blob = bytes(range(length))
        assert decode_base64(b64encode(blob)) == decode_base64(b64encode(blob).decode()) == blob
