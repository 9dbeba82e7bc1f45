"""Policies: whose signatures a checkpoint needs, and how the text is read."""

from itertools import combinations

import pytest

from gatebook.core.errors import Invalid, NotFound, Tampered
from gatebook.ledger import mldsa
from gatebook.ledger.checkpoint import Checkpoint, Cosigner, sign_checkpoint
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.note import Note, NoteSigner, VerifierKey
from gatebook.ledger.trust import Group, Log, Trust, Witness, format_policy
from tests.vectors import load

AT = 1_790_000_000
ORIGIN = "log.example/acme"
HEAD = Checkpoint(ORIGIN, 5, bytes(32))
LOG = NoteSigner(ORIGIN, SigningKey(b"l" * 32))
LOG_PQ = Cosigner(ORIGIN, mldsa.SigningKey(b"p" * 32))
WITNESSES = [Cosigner(f"witness.example/w{n}", SigningKey(bytes([n]) * 32)) for n in range(6)]
W0, W1, W2 = (str(each.verifier) for each in WITNESSES[:3])
L = str(LOG.verifier)


def spec_example() -> bytes:
    """The specification's example with our keys put in."""
    parts = load("ledger/trust")["policy"].split("<vkey>")
    keys = [L, *(str(each.verifier) for each in WITNESSES), ""]
    return "".join(part + key for part, key in zip(parts, keys, strict=True)).encode()


def test_the_example_of_the_specification_means_what_it_says() -> None:
    """At least two of the X-witnesses and at least one of the Y-witnesses."""
    trust = Trust.parse(spec_example())
    for count in range(7):
        for cosigners in combinations(range(6), count):
            raw = sign_checkpoint(HEAD, LOG, [WITNESSES[n] for n in cosigners], AT)
            of_x = sum(n < 3 for n in cosigners)
            assert trust.check(raw).quorum_met is (of_x >= 2 and count > of_x)


def test_what_was_read_is_kept_byte_for_byte() -> None:
    text = b"# ours\n\n\tlog  " + L.encode() + b"\thttps://log.example/ \n quorum\tnone\n"
    trust = Trust.parse(text)
    assert trust.text == text
    assert trust.logs == (Log(LOG.verifier, "https://log.example/"),)


def test_what_is_written_is_read_again() -> None:
    logs = [Log(LOG.verifier, "https://log.example/acme"), Log(LOG_PQ.verifier)]
    witnesses = [
        Witness("a", WITNESSES[0].verifier, "https://w"),
        Witness("b", WITNESSES[1].verifier),
    ]
    groups = [Group("g", 2, ("a", "b"))]
    trust = Trust.parse(format_policy(logs, witnesses, groups, "g"))
    assert (trust.logs, trust.witnesses) == (tuple(logs), tuple(witnesses))
    assert (trust.groups, trust.quorum) == (tuple(groups), "g")
    assert format_policy(trust.logs, trust.witnesses, trust.groups, trust.quorum) == trust.text


def test_a_policy_that_could_not_be_read_is_not_written() -> None:
    with pytest.raises(Invalid):
        format_policy([Log(LOG.verifier, "two words")])


def test_a_log_signs_with_every_key_listed_for_it() -> None:
    """Stripping the line that a quantum computer cannot forge is noticed."""
    trust = Trust.parse(format_policy([Log(LOG.verifier), Log(LOG_PQ.verifier)]))
    whole = sign_checkpoint(HEAD, LOG, [LOG_PQ], AT)
    trusted = trust.check(whole)
    assert (trusted.checkpoint, trusted.quorum_met, trusted.cosigned_by) == (HEAD, True, ())
    note = Note.parse(whole)
    for kept, missing in ((0, LOG_PQ.verifier), (1, LOG.verifier)):
        with pytest.raises(Tampered, match=missing.key_id.hex()):
            trust.check(Note(note.text, (note.signatures[kept],)).encode())


def test_a_log_that_is_not_listed_is_not_found() -> None:
    other = NoteSigner("log.example/other", SigningKey(b"o" * 32))
    trust = Trust.parse(format_policy([Log(other.verifier)]))
    with pytest.raises(NotFound, match=ORIGIN):
        trust.check(sign_checkpoint(HEAD, LOG, [], AT))


def test_the_key_of_another_listed_log_does_not_help() -> None:
    other = NoteSigner("log.example/other", SigningKey(b"o" * 32))
    trust = Trust.parse(format_policy([Log(LOG.verifier), Log(other.verifier)]))
    with pytest.raises(Tampered):
        trust.check(sign_checkpoint(HEAD, other, [], AT))


def test_a_missing_quorum_is_told_and_a_bad_cosignature_condemns() -> None:
    trust = Trust.parse(
        format_policy([Log(LOG.verifier)], [Witness("w", WITNESSES[0].verifier)], quorum="w")
    )
    assert trust.check(sign_checkpoint(HEAD, LOG, [WITNESSES[0]], AT)).cosigned_by == ("w",)
    bare = trust.check(sign_checkpoint(HEAD, LOG, [], AT))
    assert (bare.cosigned_by, bare.quorum_met) == ((), False)
    bad = WITNESSES[0].cosign(Checkpoint(ORIGIN, 6, bytes(32)), AT)
    with pytest.raises(Tampered):
        trust.check(Note(HEAD.encode(), (LOG.sign(HEAD.encode()), bad)).encode())


def test_a_witness_that_is_not_listed_is_reported_as_unchecked() -> None:
    trust = Trust.parse(format_policy([Log(LOG.verifier)]))
    trusted = trust.check(sign_checkpoint(HEAD, LOG, [WITNESSES[0]], AT))
    assert [line.name for line in trusted.checked.unchecked] == ["witness.example/w0"]


def test_what_is_not_utf_8_is_refused() -> None:
    """A name that no report could show."""
    with pytest.raises(Invalid, match="line 1 is not UTF-8"):
        Trust.parse(b"witness K\x80 " + W2.encode() + b"\nquorum none\n")


def test_names_are_opaque_and_keywords_may_be_names() -> None:
    text = f"witness any {W0}\nwitness all {W1}\ngroup group 2 all any\n".encode()
    trust = Trust.parse(text + "witness K\u00fc ".encode() + W2.encode() + b"\nquorum group\n")
    assert [each.name for each in trust.witnesses][:2] == ["any", "all"]
    assert trust.groups == (Group("group", 2, ("all", "any")),)
    again = format_policy(trust.logs, trust.witnesses, trust.groups, trust.quorum)
    assert "witness K\u00fc ".encode() in again


def test_an_unbroken_space_does_not_separate() -> None:
    trust = Trust.parse(f"witness a\N{NO-BREAK SPACE}b {W0}\nquorum none\n".encode())
    assert trust.witnesses[0].name == "a\N{NO-BREAK SPACE}b"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum none",
        "quorum none\n\x01\n",
        "quorum none\r\n",
        "quorum none\x7f\n",
        "quorum\n",
        "quorum none none\n",
        "quorum none\nquorum none\n",
        "quorum w\n",
        f"quorum w\nwitness w {W0}\n",
        "quibble w\nquorum none\n",
        "log\nquorum none\n",
        "log garbage\nquorum none\n",
        f"log {W0}\nquorum none\n",
        f"log {L} url more\nquorum none\n",
        f"log {L}\nlog {L} https://log.example/\nquorum none\n",
        "witness w\nquorum none\n",
        f"witness w {L}\nquorum none\n",
        f"witness none {W0}\nquorum none\n",
        f"witness w {W0} https://w # comment\nquorum none\n",
        f"witness w {W0}\nwitness w {W1}\nquorum none\n",
        f"witness v {W0}\nwitness w {W0}\nquorum none\n",
        f"witness w {W0}\n",
        f"witness w {W0}\ngroup w any w\nquorum none\n",
        f"witness w {W0}\ngroup g 1\nquorum none\n",
        f"witness w {W0}\ngroup none any w\nquorum none\n",
        f"witness w {W0}\ngroup g 0 w\nquorum none\n",
        f"witness w {W0}\ngroup g -1 w\nquorum none\n",
        f"witness w {W0}\ngroup g 2 w\nquorum none\n",
        f"witness w {W0}\ngroup g 01 w\nquorum none\n",
        f"witness w {W0}\ngroup g any v\nquorum none\n",
        f"group g any w\nwitness w {W0}\nquorum none\n",
        f"witness w {W0}\ngroup g any none w\nquorum none\n",
        f"witness w {W0}\ngroup g all w w\nquorum none\n",
        f"witness w {W0}\nwitness v {W1}\ngroup g any w v\ngroup h any w\nquorum none\n",
    ],
)
def test_texts_that_are_no_policy(text: str) -> None:
    with pytest.raises(Invalid):
        Trust.parse(text.encode())


def test_a_key_counts_once_even_under_a_second_name() -> None:
    public = WITNESSES[0].verifier.public
    second = VerifierKey("impostor.example", WITNESSES[0].verifier.kind, public)
    with pytest.raises(Invalid, match=r"line 2: .* listed already"):
        Trust.parse(f"witness a {W0}\nwitness b {second}\nquorum none\n".encode())
