"""A published log made by hand: real keys, signatures, tiles; a test may break any rule with it."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from gatebook.core.clock import SECOND_US
from gatebook.ledger import mldsa
from gatebook.ledger.attempt import prev_of
from gatebook.ledger.certificate import StreamCertificate
from gatebook.ledger.checkpoint import Checkpoint, Cosigner, sign_checkpoint
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.entry import DOMAIN, ZERO_PREV, Pen
from gatebook.ledger.events import Event
from gatebook.ledger.events.stream import (
    GapDeclared,
    Predecessor,
    StreamBeat,
    StreamClosed,
    StreamOpened,
)
from gatebook.ledger.merkle import leaf_hash, root
from gatebook.ledger.note import NoteSigner, VerifierKey, sign_note
from gatebook.ledger.tiles import grow
from gatebook.ledger.trust import Log, Trust, format_policy
from tests.simulators.certifier import log_signer
from tests.simulators.clock import NOON_US

ORIGIN: Final = "log.example/acme"
DAY_US: Final = 24 * 3600 * SECOND_US


class MemoryFiles(dict[str, bytes]):
    """A folder in memory: `walk.LogFiles`."""

    def read(self, path: str) -> bytes | None:
        """The whole file, None where there is none."""
        return self.get(path)

    def lengths(self) -> Mapping[str, int]:
        """Every file and its length."""
        return {path: len(data) for path, data in self.items()}


class HandLog:
    """The entries of a log in the order of its tree, and the keys that sign its head."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self.origin = origin
        self.now_us = NOON_US
        self.leaves: list[bytes] = []
        self.signer = log_signer(origin)
        self.second = Cosigner(origin, mldsa.SigningKey(sha256(origin.encode()).digest()))
        self._sids = 0

    @property
    def vkeys(self) -> list[VerifierKey]:
        """The two keys of the log."""
        return [self.signer.verifier, self.second.verifier]

    def policy(self) -> bytes:
        """The policy that lists both."""
        return format_policy([Log(key) for key in self.vkeys])

    def trust(self) -> Trust:
        """The same, parsed."""
        return Trust.parse(self.policy())

    def next_sid(self) -> str:
        """A stream id, the same in every run."""
        self._sids += 1
        return f"s{self._sids:013d}"

    def certify(
        self,
        key: VerifierKey,
        *,
        not_before_us: int = NOON_US,
        life_us: int = DAY_US,
        origin: str = "",
        signer: NoteSigner | None = None,
    ) -> str:
        """A certificate for a stream's key."""
        certificate = StreamCertificate(
            origin or self.origin, key, not_before_us, not_before_us + life_us
        )
        return sign_note(certificate.to_text().encode(), [signer or self.signer]).decode()

    def open(
        self, writer: str = "gateway", predecessor: "HandStream | None" = None
    ) -> "HandStream":
        """A new stream with its opening entry."""
        stream = HandStream(self, writer)
        stream.open(predecessor=predecessor)
        return stream

    def declare(self, sid: str, first: int, last: int) -> None:
        """An operator's word that entries of a stream are lost."""
        event = replace(GapDeclared.example(), sid=sid, first=first, last=last)
        operator = self.open("cli")
        operator.write(event)
        operator.close()

    def checkpoint(self, size: int | None = None) -> bytes:
        """The signed head over the first `size` entries, all of them by default."""
        leaves = self.leaves[:size]
        head = Checkpoint(self.origin, len(leaves), root(map(leaf_hash, leaves)))
        return sign_checkpoint(head, self.signer, [self.second], self.now_us // SECOND_US)

    def files(self, size: int | None = None) -> MemoryFiles:
        """The log as published at `size`, policy included."""
        grown = grow(0, self.leaves[:size], MemoryFiles())
        files = {"checkpoint": self.checkpoint(size), "policy.txt": self.policy()}
        return MemoryFiles({**files, **grown})


class HandStream:
    """One stream of a log; `write` keeps its rules unless it is told otherwise."""

    def __init__(self, log: HandLog, writer: str = "gateway", sid: str = "") -> None:
        self.log = log
        self.writer = writer
        self.sid = sid or log.next_sid()
        self.key = SigningKey(sha256(self.sid.encode()).digest())
        self.pen = Pen(self.sid, self.key)
        self.sq = 0
        self.prev = ZERO_PREV
        self.leaf = b""

    def open(
        self, certificate: str = "", predecessor: "HandStream | None" = None, boot: str = "boot"
    ) -> bytes:
        """The opening entry."""
        before = None
        if predecessor is not None:
            before = Predecessor(sid=predecessor.sid, sq=predecessor.sq - 1, leaf=predecessor.prev)
        return self.write(
            StreamOpened(
                writer=self.writer,
                certificate=certificate or self.log.certify(self.pen.verifier),
                boot=boot,
                version="0",
                predecessor=before,
            )
        )

    def write(self, event: Event, *, at_us: int = 0, is_published: bool = True) -> bytes:
        """The next entry, by default at the log's time and published at once."""
        self.leaf = self.pen.write(event, self.sq, self.prev, at_us or self.log.now_us)
        self.sq += 1
        self.prev = prev_of(self.leaf)
        if is_published:
            self.log.leaves.append(self.leaf)
        return self.leaf

    def beat(self, count: int = 0) -> bytes:
        """A heartbeat."""
        return self.write(StreamBeat(counts={"intents": count}))

    def exceed(self) -> bytes:
        """An entry that is right in everything but its length, as a thief of the key may write."""
        text = (
            DOMAIN + self.beat().split(b"\n")[1].replace(b'"d":{', b'"d":{' + b" " * 4096) + b"\n"
        )
        self.log.leaves[-1] = sign_note(text, [NoteSigner(self.sid, self.key)])
        self.prev = prev_of(self.log.leaves[-1])
        return self.log.leaves[-1]

    def close(self) -> bytes:
        """The closing entry."""
        return self.write(StreamClosed(reason="shutdown", final=self.sq))
