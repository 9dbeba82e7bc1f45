"""The notary's door: the witness protocol's paths, statuses and media types over a real socket."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from gatebook.app.log_source import log_source
from gatebook.app.notary import NotaryDoor
from gatebook.app.notary_folder import NotaryFolder, create
from gatebook.core.ids import system_entropy
from gatebook.ledger.certificate import request_text
from gatebook.ledger.merkle import leaf_hash, root
from gatebook.ledger.notary import Notary
from gatebook.ledger.note import Note, NoteSigner, sign_note
from gatebook.ledger.tiles import grow
from gatebook.ledger.trust import Log, Trust, format_policy
from gatebook.ledger.witness import MAX_REQUEST_BYTES, parse_cosignatures
from gatebook.storage.folder import LogFolder
from tests.servers import ask, serving
from tests.simulators.clock import SetClock
from tests.simulators.log import HandLog
from tests.simulators.notaries import HandNotary, signer_of

PREFIX = "log.example"
ACME = f"{PREFIX}/acme"
HAND = HandNotary()


class Desk:
    """A notary with a folder, and the log it reads."""

    def __init__(self, place: Path) -> None:
        create(place / "notary", HAND.installation.verifier, system_entropy)
        folder = NotaryFolder(place / "notary")
        self.published = LogFolder(place / "log" / ACME)
        self.notary = Notary(
            prefix=folder.prefix,
            installation=folder.installation,
            key=folder.key,
            second_key=folder.second_key,
            heads=folder,
            sources=log_source(str(place / "log")),
            clock=SetClock(),
        )
        self.door = NotaryDoor(self.notary, folder)
        self.log = HandLog(ACME)
        self.log.signer = NoteSigner(ACME, folder.key)
        self.log.open().beat(1)
        self.published.add(grow(0, self.log.leaves, self.published))
        self.port = 0

    def submit(self, old_size: int = 0) -> tuple[int, dict[str, str], bytes]:
        """Submit the log's head."""
        body = HAND.request(self.log, old_size)
        return ask(self.port, "POST", "/add-checkpoint", body)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A notary that listens."""
    opened = Desk(tmp_path)
    with serving(opened.door) as opened.port:
        yield opened


def trust(desk: Desk) -> Trust:
    """The policy of the log."""
    return Trust.parse(format_policy([Log(key) for key in desk.notary.vkeys(ACME)]))


def test_a_head_is_answered_with_signature_lines_that_complete_it(desk: Desk) -> None:
    status, headers, body = desk.submit()
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    submitted = Note.parse(HAND.request(desk.log, 0).partition(b"\n\n")[2])
    signed = Note(submitted.text, tuple(parse_cosignatures(body))).encode()
    checkpoint = trust(desk).check(signed).checkpoint
    assert checkpoint.root == root(map(leaf_hash, desk.log.leaves))


def test_the_head_is_found_under_the_hash_of_its_origin(desk: Desk) -> None:
    path = f"/{sha256(ACME.encode()).hexdigest()}/checkpoint"
    assert ask(desk.port, "GET", path).status == 404
    desk.submit()
    got = ask(desk.port, "GET", path)
    assert got.status == 200
    assert trust(desk).check(got.body).checkpoint.size == 2


def test_a_conflict_names_the_size_in_its_own_media_type(desk: Desk) -> None:
    desk.submit()
    status, headers, body = desk.submit()
    assert (status, headers["content-type"], body) == (409, "text/x.tlog.size", b"2\n")


def test_statuses_are_those_of_the_witness_protocol(desk: Desk) -> None:
    honest = HAND.request(desk.log, 0)
    forged = HAND.request(desk.log, 0, signer=signer_of(f"{PREFIX}/other"))
    foreign = HAND.request(HandLog("other.example/acme"), 0)
    statuses = {
        body: ask(desk.port, "POST", "/add-checkpoint", body).status
        for body in (b"", honest[1:], forged, foreign)
    }
    assert statuses == {b"": 400, honest[1:]: 400, forged: 403, foreign: 404}


def test_a_log_that_breaks_a_rule_is_unprocessable_and_the_reason_is_said(desk: Desk) -> None:
    desk.log.leaves[1] = desk.log.leaves[1].replace(b'"intents":1', b'"intents":2')
    for path in desk.published.folder.rglob("000.p/2"):
        path.unlink()
    desk.published.add(grow(0, desk.log.leaves, desk.published))
    status, headers, body = desk.submit()
    assert (status, headers["content-type"]) == (422, "application/problem+json")
    assert json.loads(body) == {
        "title": "Unprocessable Entity",
        "status": 422,
        "code": "entry_signature",
        "detail": "Entry 1 of stream s0000000000001: its signature is wrong: it was changed.",
    }


def test_entries_that_cannot_be_read_yet_are_worth_another_try(desk: Desk) -> None:
    desk.log.open()
    status, headers, _ = desk.submit()
    assert status == 503
    assert "retry-after" in headers or headers["x-should-retry"] == "false"


def test_keys_are_told_to_anybody(desk: Desk) -> None:
    got = ask(desk.port, "GET", f"/vkeys?origin={PREFIX}%2Facme")
    assert got.body.decode().splitlines() == [str(key) for key in desk.notary.vkeys(ACME)]
    assert ask(desk.port, "GET", "/vkeys?origin=other.example/acme").status == 404
    assert ask(desk.port, "GET", "/vkeys").status == 404
    assert ask(desk.port, "GET", f"/vkeys?origin={ACME}&origin={ACME}").status == 404


def test_how_far_a_stream_is_signed_is_told_to_anybody(desk: Desk) -> None:
    desk.submit()
    got = ask(desk.port, "GET", f"/reach?origin={ACME}&stream=s0000000000001")
    assert (got.status, got.body) == (200, desk.notary.reach(ACME, "s0000000000001"))
    for query in (f"origin={ACME}", "stream=s1", f"origin={ACME}&stream=s1&stream=s2"):
        assert ask(desk.port, "GET", f"/reach?{query}").status == 404


def test_certificates_are_for_the_installation(desk: Desk) -> None:
    text = request_text(ACME, signer_of("s1").verifier).encode()
    honest = sign_note(text, [HAND.installation])
    assert ask(desk.port, "POST", "/certify", honest).status == 200
    forged = sign_note(text, [signer_of(f"{PREFIX}/other")])
    assert ask(desk.port, "POST", "/certify", forged).status == 403


def test_a_body_is_no_longer_than_a_request_can_be(desk: Desk) -> None:
    got = ask(desk.port, "POST", "/add-checkpoint", b"x" * (MAX_REQUEST_BYTES + 1))
    assert got.status == 413
    assert json.loads(got.body)["code"] == "body_too_large"


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/add-checkpoint"), ("POST", "/vkeys"), ("GET", "/"), ("GET", "/00/checkpoint")],
)
def test_anything_else_is_not_found(desk: Desk, method: str, target: str) -> None:
    assert ask(desk.port, method, target, b"").status == 404
