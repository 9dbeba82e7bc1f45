"""Whoever has the body and the organization's key can check a commitment; nobody else can."""

import hashlib
import hmac
from base64 import b64decode

from gatebook.core.envelope import DataKey
from gatebook.gateway.commitments import CommitmentKey, Committer, commit

KEY = CommitmentKey("dek_1", b"k" * 32)
BODY = b'{"model":"gpt-4o"}'


def test_a_commitment_is_what_the_module_says() -> None:
    """Written out by hand: a verifier is somebody else's program."""
    made = commit(KEY, "call-1", "request", BODY)
    salt = hmac.new(b"k" * 32, b"call-1\nrequest", hashlib.sha256).digest()
    assert b64decode(made.c) == hmac.new(salt, BODY, hashlib.sha256).digest()
    assert (made.n, made.k, made.h) == (len(BODY), "dek_1", "")


def test_the_same_body_looks_different_in_every_call_and_direction() -> None:
    made = {
        commit(KEY, call, direction, BODY).c
        for call in ("call-1", "call-2")
        for direction in ("request", "reply")
    }
    assert len(made) == 4


def test_parts_commit_to_what_the_whole_commits_to() -> None:
    committer = Committer(KEY, "call-1", "reply")
    for part in (BODY[:3], b"", BODY[3:]):
        committer.update(part)
    assert committer.commitment() == commit(KEY, "call-1", "reply", BODY)
    assert committer.length == len(BODY)


def test_the_key_dies_with_the_data_key_it_is_derived_from() -> None:
    one, other = DataKey("dek_1", "org", b"a" * 32), DataKey("dek_2", "org", b"b" * 32)
    assert CommitmentKey.of(one) == CommitmentKey("dek_1", one.derive("call-commitments"))
    assert CommitmentKey.of(one).secret != CommitmentKey.of(other).secret
