"""The real notary's rules with keys, memory and sources that a test holds in its hands."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from gatebook.ledger import ed25519, mldsa
from gatebook.ledger.checkpoint import Checkpoint
from gatebook.ledger.merkle import consistency_proof, leaf_hash, root
from gatebook.ledger.notary import Answer, Notary
from gatebook.ledger.note import Note, NoteSigner, sign_note
from gatebook.ledger.tiles import TileHashes, grow
from gatebook.ledger.witness import AddCheckpoint, parse_cosignatures
from tests.simulators.clock import SetClock
from tests.simulators.heads import MemoryHeads
from tests.simulators.log import HandLog, MemoryFiles

PREFIX: Final = "log.example"


def signer_of(name: str) -> NoteSigner:
    """A key made from a name."""
    return NoteSigner(name, ed25519.SigningKey(sha256(name.encode()).digest()))


class HandNotary:
    """A notary of `log.example`, and an installation that submits to it."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.heads = MemoryHeads()
        self.published = MemoryFiles()
        self.installation = signer_of(f"{PREFIX}/installation")
        seed = sha256(b"notary").digest()
        self.notary = Notary(
            prefix=PREFIX,
            installation=self.installation.verifier,
            key=ed25519.SigningKey(seed),
            second_key=mldsa.SigningKey(seed),
            heads=self.heads,
            sources=lambda _: self.published,
            clock=self.clock,
        )

    def hand_log(self, slug: str = "acme") -> HandLog:
        """An empty log whose certificates this notary signed."""
        log = HandLog(f"{PREFIX}/{slug}")
        log.signer = NoteSigner(log.origin, ed25519.SigningKey(sha256(b"notary").digest()))
        return log

    def publish(self, leaves: Sequence[bytes]) -> None:
        """Put the tiles of a log where the notary reads them."""
        self.published.clear()
        self.published.update(grow(0, leaves, MemoryFiles()))

    def request(
        self,
        log: HandLog,
        old_size: int,
        *,
        size: int | None = None,
        root_hash: bytes | None = None,
        proof: Sequence[bytes] | None = None,
        signer: NoteSigner | None = None,
    ) -> bytes:
        """A submission of the log's first `size` entries; honest unless told otherwise."""
        leaves = log.leaves[:size]
        digests = [leaf_hash(leaf) for leaf in leaves]
        head = Checkpoint(
            log.origin, len(leaves), root(digests) if root_hash is None else root_hash
        )
        if proof is None:
            files = MemoryFiles(grow(0, leaves, MemoryFiles()))
            hashes = TileHashes(files, len(leaves))
            is_step = 0 < old_size <= len(leaves)
            proof = consistency_proof(old_size, len(leaves), hashes) if is_step else ()
        note = sign_note(head.encode(), [signer or self.installation])
        return AddCheckpoint(old_size, tuple(proof), note).encode()

    def submit(self, log: HandLog, old_size: int, size: int | None = None) -> Answer:
        """Publish the log's first `size` entries and submit them."""
        self.publish(log.leaves[:size])
        return self.notary.add_checkpoint(self.request(log, old_size, size=size))

    def note(self, log: HandLog, answer: Answer, size: int | None = None) -> bytes:
        """The whole note that an answer completes."""
        leaves = log.leaves[:size]
        head = Checkpoint(log.origin, len(leaves), root(map(leaf_hash, leaves)))
        return Note(head.encode(), tuple(parse_cosignatures(answer.body))).encode()
