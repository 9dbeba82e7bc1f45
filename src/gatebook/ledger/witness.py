"""The bodies of `add-checkpoint` (C2SP tlog-witness), the call by which a head is cosigned.

    old <size the witness has>
    <base64 of a hash of the consistency proof>   0 to 63 lines
    <empty line>
    <the checkpoint, a signed note>

The answer is one or more signature lines, or after a conflict the size the witness has.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from gatebook.core.errors import Invalid
from gatebook.ledger.checkpoint import parse_decimal
from gatebook.ledger.merkle import HASH_BYTES
from gatebook.ledger.note import MAX_NOTE_BYTES, MAX_SIGNATURES, SignatureLine, decode_base64

MAX_PROOF_HASHES: Final = 63
MAX_REQUEST_BYTES: Final = MAX_NOTE_BYTES + 4096
CONFLICT_MEDIA_TYPE: Final = "text/x.tlog.size"
_MAX_SIZE_BYTES: Final = 20


@dataclass(frozen=True)
class AddCheckpoint:
    """A request: the step from `old_size` that `proof` proves, and the signed checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def __post_init__(self) -> None:
        if len(self.proof) > MAX_PROOF_HASHES:
            raise Invalid("witness_proof", f"A request has at most {MAX_PROOF_HASHES} hashes.")
        if self.proof and not self.old_size:
            raise Invalid("witness_proof", "From size 0 there is nothing to prove.")
        if any(len(each) != HASH_BYTES for each in self.proof):
            raise Invalid("witness_proof", f"A hash of a proof has {HASH_BYTES} bytes.")

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """The request of a body; Invalid for any other form. The checkpoint is not looked into."""
        if len(body) > MAX_REQUEST_BYTES:
            raise Invalid("witness_too_large", f"A body has at most {MAX_REQUEST_BYTES} bytes.")
        head, separator, checkpoint = body.partition(b"\n\n")
        lines = head.split(b"\n", MAX_PROOF_HASHES + 1)
        if not separator or not lines[0].startswith(b"old "):
            raise Invalid("witness_form", "A body begins with the line `old` and a size.")
        old_size = parse_decimal(_ascii(lines[0].removeprefix(b"old ")))
        return cls(old_size, tuple(decode_base64(line) for line in lines[1:]), checkpoint)

    def encode(self) -> bytes:
        """The body to send."""
        proof = b"".join(b64encode(each) + b"\n" for each in self.proof)
        return b"old %d\n%b\n%b" % (self.old_size, proof, self.checkpoint)


def format_cosignatures(lines: Iterable[SignatureLine]) -> bytes:
    """The body of status 200."""
    return b"".join(line.encode() for line in lines)


def parse_cosignatures(body: bytes) -> Sequence[SignatureLine]:
    """The lines of a body of status 200, none of them checked yet; Invalid for other forms."""
    if len(body) > MAX_NOTE_BYTES or not body.endswith(b"\n"):
        raise Invalid("witness_answer", "A witness answers with whole signature lines.")
    try:
        lines = body.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise Invalid("witness_answer", "A witness answers in UTF-8.") from None
    if len(lines) > MAX_SIGNATURES:
        raise Invalid("witness_answer", f"An answer has at most {MAX_SIGNATURES} signatures.")
    return [SignatureLine.parse(line) for line in lines]


def format_conflict(size: int) -> bytes:
    """The body of status 409, of type `CONFLICT_MEDIA_TYPE`: the size last cosigned."""
    return b"%d\n" % size


def parse_conflict(body: bytes) -> int:
    """The size in a body of status 409; raises Invalid for any other form."""
    if len(body) > _MAX_SIZE_BYTES or not body.endswith(b"\n"):
        raise Invalid("witness_answer", "A conflict is answered with the size last cosigned.")
    return parse_decimal(_ascii(body[:-1]))


def _ascii(data: bytes) -> str:
    return data.decode("ascii", "replace")
