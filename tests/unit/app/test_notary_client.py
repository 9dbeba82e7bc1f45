"""What the notary says is believed when its pinned keys signed it, and otherwise named."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebook.app.notary_client import NotaryClient
from gatebook.app.notary_pin import NotaryPin
from gatebook.core.errors import (
    Conflict,
    GatebookError,
    Invalid,
    Misconfigured,
    NotFound,
    Tampered,
    Unavailable,
)
from gatebook.ledger.checkpoint import Checkpoint
from gatebook.ledger.merkle import leaf_hash, root
from gatebook.ledger.note import sign_note
from gatebook.ledger.reach import WHOLE, Reach
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import Answer, problem
from gatebook.web.server import Edge, server_config
from tests.gates import ServerThread
from tests.simulators.log import HandLog
from tests.simulators.notaries import HandNotary, signer_of

ACME = "log.example/acme"
KEY = signer_of("s1").verifier


class Desk:
    """The notary's rules behind a door that may give another answer."""

    def __init__(self) -> None:
        self.hand = HandNotary()
        self.answer: Answer | None = None
        edge = Edge(connections=10, head_seconds=5, body_seconds=5, refusal=problem)
        self.server = ServerThread(server_config(self, host="", port=0, edge=edge, drain_seconds=1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the notary does, unless told otherwise."""
        if scope["type"] == "lifespan":
            await keep_alive(receive, send)
            return
        exchange = Exchange(scope, receive, send)
        body = await exchange.body(10**7, Invalid("large", ""))
        await exchange.answer(self.answer or self.honest(exchange.path, body))

    def honest(self, path: bytes, body: bytes) -> Answer:
        """What the notary's rules say."""
        notary = self.hand.notary
        if path == b"/vkeys":
            said = "".join(f"{key}\n" for key in notary.vkeys(ACME)).encode()
        elif path == b"/reach":
            said = notary.reach(ACME, KEY.name)
        elif path == b"/certify":
            said = notary.certify(body)
        elif path == b"/add-checkpoint":
            status, _, said = notary.add_checkpoint(body)
            return Answer(status, [], said)
        else:
            said = notary.checkpoint(ACME)
        return Answer(200, [], said)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A notary that listens."""
    opened = Desk()
    yield opened
    opened.server.stop()


@pytest.fixture
def client(desk: Desk, tmp_path: Path) -> NotaryClient:
    """A client that has pinned the notary's keys."""
    made = NotaryClient(desk.server.url, desk.hand.installation, NotaryPin(tmp_path / "pin"))
    made.vkeys(ACME)
    return made


@pytest.fixture
def log(desk: Desk) -> HandLog:
    """A published log of three entries."""
    log = desk.hand.hand_log()
    stream = log.open()
    stream.beat(1)
    stream.close()
    desk.hand.publish(log.leaves)
    return log


def head(log: HandLog) -> Checkpoint:
    """The head of a log."""
    return Checkpoint(ACME, len(log.leaves), root(map(leaf_hash, log.leaves)))


def test_a_stream_key_is_certified(client: NotaryClient) -> None:
    note, not_after_us = client.certify(ACME, KEY)
    assert str(KEY) in note
    assert not_after_us > 0


def test_a_head_is_signed_and_found_again(client: NotaryClient, log: HandLog) -> None:
    note = client.add_checkpoint(0, (), head(log))
    assert client.trust(ACME).check(note).checkpoint == head(log)
    assert client.checkpoint(ACME) == head(log)


def test_a_log_that_was_never_signed_has_no_head(client: NotaryClient, desk: Desk) -> None:
    desk.answer = problem(NotFound("log_unknown", ""))
    assert client.checkpoint(ACME) is None


def test_another_size_is_a_conflict_that_names_it(client: NotaryClient, log: HandLog) -> None:
    client.add_checkpoint(0, (), head(log))
    with pytest.raises(Conflict, match="at size 3, not at 0"):
        client.add_checkpoint(0, (), head(log))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (403, Misconfigured),
        (404, NotFound),
        (422, Tampered),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_a_refusal_keeps_its_reason_and_becomes_the_kind_it_is(
    client: NotaryClient, desk: Desk, log: HandLog, status: int, kind: type[GatebookError]
) -> None:
    body = {"title": "", "status": status, "code": "chain_broken", "detail": "Entry 7 is wrong."}
    desk.answer = Answer(status, [], json.dumps(body).encode())
    for call in (
        lambda: client.certify(ACME, KEY),
        lambda: client.add_checkpoint(0, (), head(log)),
    ):
        with pytest.raises(kind, match="The notary: Entry 7 is wrong") as caught:
            call()
        assert caught.value.code == "chain_broken"


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"\xff"])
def test_an_answer_that_says_nothing_is_no_answer(
    client: NotaryClient, desk: Desk, body: bytes
) -> None:
    desk.answer = Answer(502, [], body)
    with pytest.raises(Unavailable, match="status 502"):
        client.certify(ACME, KEY)


@pytest.mark.parametrize("body", [b"", b"hello", b"\xff\xff\n", b"a\n\nb\n"])
def test_nonsense_is_never_a_signature(
    client: NotaryClient, desk: Desk, log: HandLog, body: bytes
) -> None:
    desk.answer = Answer(200, [], body)
    for call in (
        lambda: client.certify(ACME, KEY),
        lambda: client.add_checkpoint(0, (), head(log)),
        lambda: client.checkpoint(ACME),
        lambda: client.reach(ACME, KEY.name),
    ):
        with pytest.raises(GatebookError):
            call()


def test_how_far_a_stream_is_signed_is_believed_when_the_notary_signed_that(
    client: NotaryClient, desk: Desk, log: HandLog
) -> None:
    client.add_checkpoint(0, (), head(log))
    assert client.reach(ACME, KEY.name) == 0
    with pytest.raises(Tampered, match="another stream"):
        client.reach(ACME, "s2")
    forged = Reach(ACME, KEY.name, WHOLE).to_text().encode()
    desk.answer = Answer(200, [], sign_note(forged, [signer_of(ACME)]))
    with pytest.raises(Tampered):
        client.reach(ACME, KEY.name)
    desk.answer = problem(NotFound("log_unknown", ""))
    with pytest.raises(NotFound):
        client.reach(ACME, KEY.name)


def test_a_certificate_for_another_key_is_not_taken(client: NotaryClient, desk: Desk) -> None:
    other = signer_of("s2").verifier
    note, _ = client.certify(ACME, other)
    desk.answer = Answer(200, [], note.encode())
    with pytest.raises(Tampered, match="another key"):
        client.certify(ACME, KEY)


def test_a_signature_over_another_head_is_not_taken(
    client: NotaryClient, desk: Desk, log: HandLog
) -> None:
    note = client.add_checkpoint(0, (), head(log))
    desk.answer = Answer(200, [], note.partition(b"\n\n")[2])
    with pytest.raises(Tampered):
        client.add_checkpoint(3, (), Checkpoint(ACME, 3, bytes(32)))


def test_keys_are_asked_for_once_and_those_of_an_impostor_are_not_followed(
    client: NotaryClient, desk: Desk
) -> None:
    impostor = HandLog(ACME)
    desk.answer = Answer(200, [], "".join(f"{key}\n" for key in impostor.vkeys).encode())
    assert client.vkeys(ACME) == list(desk.hand.notary.vkeys(ACME))


@pytest.mark.parametrize("answer", [b"", b"nonsense\n", str(KEY).encode() + b"\n"])
def test_at_first_contact_a_notary_names_two_keys_of_this_log(
    desk: Desk, tmp_path: Path, answer: bytes
) -> None:
    desk.answer = Answer(200, [], answer)
    fresh = NotaryClient(desk.server.url, desk.hand.installation, NotaryPin(tmp_path / "pin"))
    with pytest.raises(Tampered):
        fresh.vkeys(ACME)
    assert not (tmp_path / "pin").exists()


def test_without_a_notary_there_is_no_answer(tmp_path: Path) -> None:
    signer = signer_of("log.example/installation")
    for address in (f"unix:{tmp_path}/nobody", "http://127.0.0.1:1"):
        client = NotaryClient(address, signer, NotaryPin(tmp_path / "pin"))
        with pytest.raises(Unavailable, match="does not answer"):
            client.certify(ACME, KEY)
