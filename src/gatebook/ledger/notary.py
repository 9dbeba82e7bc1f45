"""The notary's rules: what it certifies, which heads it signs, and what it refuses.

It is the log's signer and speaks the witness protocol (C2SP tlog-witness). It believes nobody: it
reads the new entries itself, checks streams, chains, certificates and signatures, computes the root
from what it remembers, and writes the new head down before it answers. It never signs two roots for
one size. Input and output are Protocols and values; `app/notary.py` is the process around it.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import msgspec

from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import Invalid, NotFound, Refused, Tampered, Unavailable
from gatebook.ledger import ed25519, mldsa
from gatebook.ledger.certificate import MAX_LIFE_US, StreamCertificate, parse_request
from gatebook.ledger.checkpoint import Checkpoint, Cosigner, sign_checkpoint
from gatebook.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash, verify_consistency
from gatebook.ledger.note import ED25519, Note, NoteSigner, VerifierKey, open_note, sign_note
from gatebook.ledger.reach import Reach, count_signed
from gatebook.ledger.streams import State, Streams
from gatebook.ledger.tiles import TILE_WIDTH, TileSource, read_bundle
from gatebook.ledger.verdicts import missing
from gatebook.ledger.witness import (
    CONFLICT_MEDIA_TYPE,
    AddCheckpoint,
    format_conflict,
    format_cosignatures,
)

MAX_STEP: Final = 65_536
"""Entries that one submission may add, so that no caller waits long for another."""

NOT_BEFORE_SLACK_US: Final = 300 * SECOND_US
"""Certificates begin this much earlier, for writers whose clock is behind the notary's."""

INSTALLATION_SUFFIX: Final = "/installation"
"""An installation's key is named like its logs, with this in place of the log's name."""

TEXT: Final = "text/plain; charset=utf-8"

_SLUG: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
_SID: Final = re.compile(r"[0-9A-Za-z]{1,64}")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What the notary remembers of one log; `checkpoint` is the note it signed last."""

    origin: str
    size: int = 0
    root: bytes = EMPTY_ROOT
    frontier: list[bytes] = []
    signed_at: int = 0
    """POSIX seconds; the next signature is not older."""
    checkpoint: bytes = b""
    streams: State = msgspec.field(default_factory=State)


class Heads(Protocol):
    """The notary's own memory. Both methods raise Unavailable when it does not answer."""

    def load(self, origin: str) -> Head | None:
        """A fresh copy of the head of a log, None if it never signed one."""
        ...

    def save(self, head: Head) -> None:
        """Keep a head; durable on return."""
        ...


class Answer(NamedTuple):
    """An HTTP answer as values."""

    status: int
    media_type: str
    body: bytes


class Notary:
    """One notary with one pair of keys for every log whose origin begins with `prefix` and a slash.

    Its callers take turns: two submissions at once would both compare before either has written.
    """

    def __init__(
        self,
        *,
        prefix: str,
        installation: VerifierKey,
        key: ed25519.SigningKey,
        second_key: mldsa.SigningKey,
        heads: Heads,
        sources: Callable[[str], TileSource],
        clock: Clock,
    ) -> None:
        self._prefix = prefix
        self._installation = installation
        self._key = key
        self._second_key = second_key
        self._heads = heads
        self._sources = sources
        self._clock = clock

    def vkeys(self, origin: str) -> tuple[VerifierKey, VerifierKey]:
        """The keys that sign a log's checkpoints: Ed25519, which certifies too, and ML-DSA-44."""
        self._check_origin(origin)
        return NoteSigner(origin, self._key).verifier, Cosigner(origin, self._second_key).verifier

    def checkpoint(self, origin: str) -> bytes:
        """The checkpoint signed last; NotFound for a log without one."""
        head = self._heads.load(origin)
        if head is None:
            raise NotFound("log_unknown", f"The notary has signed nothing for {origin}.")
        return head.checkpoint

    def certify(self, request: bytes) -> bytes:
        """The certificate for a stream key that the installation asks for (`certificate.py`)."""
        text = self._from_installation(request)
        try:
            origin, key = parse_request(text.decode())
        except Tampered as error:
            raise Invalid(error.code, error.detail) from None
        self._check_origin(origin)
        if key.kind != ED25519 or not _SID.fullmatch(key.name):
            raise Invalid("certificate_key", "A stream's key is Ed25519 and named like a stream.")
        not_before_us = self._clock.now_us() - NOT_BEFORE_SLACK_US
        certificate = StreamCertificate(origin, key, not_before_us, not_before_us + MAX_LIFE_US)
        return sign_note(certificate.to_text().encode(), [NoteSigner(origin, self._key)])

    def reach(self, origin: str, sid: str) -> bytes:
        """How far a stream of a log is under a signature of ours (`reach.py`)."""
        self._check_origin(origin)
        if not _SID.fullmatch(sid):
            raise NotFound("stream_unknown", "No stream is named like that.")
        head = self._heads.load(origin) or Head(origin=origin)
        reach = Reach(origin, sid, count_signed(head.streams, sid))
        return sign_note(reach.to_text().encode(), [NoteSigner(origin, self._key)])

    def add_checkpoint(self, body: bytes) -> Answer:
        """Compare and swap a log's head, and sign it (tlog-witness, "add-checkpoint")."""
        request = AddCheckpoint.parse(body)
        claimed = Checkpoint.parse(Note.parse(request.checkpoint).text)
        self._check_origin(claimed.origin)
        self._from_installation(request.checkpoint)
        if not request.old_size <= claimed.size <= request.old_size + MAX_STEP:
            raise Invalid("step", f"A step leads forward, by at most {MAX_STEP} entries.")
        head = self._heads.load(claimed.origin) or Head(origin=claimed.origin)
        if request.old_size != head.size:
            return _conflict(head)
        if claimed.size == head.size and claimed.root != head.root:
            return _conflict(head)
        if head.size:
            verify_consistency(head.size, head.root, claimed.size, claimed.root, request.proof)
        now = self._now_after(head.signed_at)
        frontier, streams = self._review(head, claimed)
        note = self._sign(claimed, now)
        self._heads.save(
            Head(
                origin=claimed.origin,
                size=claimed.size,
                root=claimed.root,
                frontier=frontier,
                signed_at=now,
                checkpoint=note.encode(),
                streams=streams,
            )
        )
        return Answer(200, TEXT, format_cosignatures(note.signatures))

    def _review(self, head: Head, claimed: Checkpoint) -> tuple[list[bytes], State]:
        """Read the new entries and hold them against every rule; frontier and streams after them.

        Raises Tampered, naming the first entry that breaks a rule, and Unavailable if the entries
        cannot be read.
        """
        source = self._sources(claimed.origin)
        frontier = Frontier(head.size, head.frontier)
        streams = Streams(claimed.origin, self.vkeys(claimed.origin), head.streams)
        while frontier.size < claimed.size:
            index, offset = divmod(frontier.size, TILE_WIDTH)
            try:
                leaves = read_bundle(source, index, claimed.size)[offset:]
            except NotFound as error:
                raise Unavailable(error.code, error.detail, "Publish the entries first.") from None
            digests = [leaf_hash(leaf) for leaf in leaves]
            for leaf, digest in zip(leaves, digests, strict=True):
                streams.accept(leaf, digest)
            frontier.extend(digests)
        streams.settle()
        if frontier.root() != claimed.root:
            raise Tampered("root_mismatch", "The published entries do not lead to this root.")
        for problem in streams.problems.listed:
            raise Tampered(problem.code, problem.detail)
        for sid, lost in missing(streams.state):
            if not lost.declared:
                raise Tampered(
                    "undeclared_gap", f"Stream {sid} lacks entries {lost.first} to {lost.last}."
                )
        streams.forget_closed()
        return frontier.hashes, streams.state

    def _now_after(self, signed_at: int) -> int:
        """POSIX seconds; raises Unavailable if time has gone back since the last signature."""
        now = self._clock.now_us() // SECOND_US
        if now < signed_at:
            raise Unavailable(
                "clock_went_back",
                "The notary's clock is behind its last signature, so it signs nothing.",
                "Set the clock of the notary's host.",
            )
        return now

    def _sign(self, checked: Checkpoint, at_seconds: int) -> Note:
        signer = NoteSigner(checked.origin, self._key)
        second = Cosigner(checked.origin, self._second_key)
        return Note.parse(sign_checkpoint(checked, signer, [second], at_seconds))

    def _check_origin(self, origin: str) -> None:
        prefix, _, slug = origin.rpartition("/")
        if prefix != self._prefix or not _SLUG.fullmatch(slug):
            raise NotFound("log_unknown", f"This notary has no log {origin}.")

    def _from_installation(self, note: bytes) -> bytes:
        """The text of a note, once the installation has signed it; raises Refused if it has not."""
        try:
            return open_note(note, [self._installation]).note.text
        except Tampered as error:
            raise Refused(
                error.code,
                "The installation whose key is pinned here has not signed this.",
                "Pin the key of the installation that may write this book.",
            ) from None


def _conflict(head: Head) -> Answer:
    return Answer(409, CONFLICT_MEDIA_TYPE, format_conflict(head.size))
