"""Whom a verifier trusts, as a text an auditor can edit (C2SP tlog-policy).

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> <k|any|all> <member>...
    quorum <name|none>

Stricter than the specification in two points: a log listed with several keys (Ed25519 and
ML-DSA-44) must have signed with every one of them, so that a stripped line is noticed; and the
text is UTF-8, so that every name can be shown in a report.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from gatebook.core.errors import Invalid, NotFound, Tampered
from gatebook.ledger.checkpoint import Checkpoint, open_checkpoint, parse_decimal
from gatebook.ledger.note import (
    ED25519,
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    CheckedNote,
    Note,
    VerifierKey,
)

NO_QUORUM: Final = "none"
MAX_POLICY_BYTES: Final = 1_000_000
_LOG_KINDS: Final = (ED25519, MLDSA44_COSIGNATURE)
_WITNESS_KINDS: Final = (ED25519_COSIGNATURE, MLDSA44_COSIGNATURE)


@dataclass(frozen=True)
class Log:
    """One key of a log; the key's name is the log's origin."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True)
class Witness:
    """A witness: its name inside the policy, its key, and where checkpoints are submitted."""

    name: str
    key: VerifierKey
    url: str = ""


@dataclass(frozen=True)
class Group:
    """Witnesses and earlier groups that count as one once `threshold` of them have cosigned."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class TrustedCheckpoint:
    """A checkpoint with every signature the policy demands of its log."""

    checkpoint: Checkpoint
    cosigned_by: tuple[str, ...]
    """Names of the witnesses whose cosignature is right."""
    quorum_met: bool
    """False says that too few witnesses have seen this head: a split view is not excluded."""
    checked: CheckedNote


@dataclass(frozen=True)
class Trust:
    """A parsed policy; `text` holds its bytes as they were read."""

    text: bytes
    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """The policy of a text; Invalid, naming the line, for what the specification forbids."""
        if len(text) > MAX_POLICY_BYTES or (text and not text.endswith(b"\n")):
            raise Invalid("policy_form", "A policy is lines that end with a newline, 1 MB at most.")
        if any((byte < 0x20 and byte not in b"\t\n") or byte == 0x7F for byte in text):
            raise Invalid("policy_control", "A policy has no control characters but tab.")
        reader = _Reader()
        for number, line in enumerate(text.split(b"\n"), 1):
            # No other ASCII white space is left, so this splits at space and tab alone.
            try:
                words = line.decode().replace("\t", " ").split(" ")
                reader.read([word for word in words if word])
            except UnicodeDecodeError:
                raise Invalid("policy_utf8", f"Policy line {number} is not UTF-8.") from None
            except Invalid as error:
                raise Invalid(
                    error.code, f"Policy line {number}: {error.detail}", error.hint
                ) from None
        if reader.quorum is None:
            raise Invalid("policy_quorum", "A policy has one quorum line.", "Add `quorum none`.")
        return cls(
            text, tuple(reader.logs), tuple(reader.witnesses), tuple(reader.groups), reader.quorum
        )

    def check(self, raw: bytes) -> TrustedCheckpoint:
        """Verify a signed checkpoint: NotFound for a log not listed, Tampered for a bad signature.

        A quorum that is not met raises nothing: look at `quorum_met`.
        """
        origin = Checkpoint.parse(Note.parse(raw).text).origin
        required = [log.key for log in self.logs if log.key.name == origin]
        if not required:
            raise NotFound("log_unknown", f"The policy does not list the log {origin}.")
        checkpoint, checked = open_checkpoint(
            raw, [*required, *(witness.key for witness in self.witnesses)]
        )
        signed = {key for key, _ in checked.signed_by}
        for key in required:
            if key not in signed:
                raise Tampered(
                    "checkpoint_unsigned",
                    f"The signature of {origin}+{key.key_id.hex()} is missing.",
                )
        cosigned_by = tuple(each.name for each in self.witnesses if each.key in signed)
        return TrustedCheckpoint(checkpoint, cosigned_by, self._met(cosigned_by), checked)

    def _met(self, cosigned_by: Iterable[str]) -> bool:
        counted = {NO_QUORUM, *cosigned_by}
        for group in self.groups:
            if len(counted.intersection(group.members)) >= group.threshold:
                counted.add(group.name)
        return self.quorum in counted


def format_policy(
    logs: Iterable[Log],
    witnesses: Iterable[Witness] = (),
    groups: Iterable[Group] = (),
    quorum: str = NO_QUORUM,
) -> bytes:
    """The text of a policy; raises Invalid if it would not parse."""
    lines = [
        *(["log", str(each.key), each.url] for each in logs),
        *(["witness", each.name, str(each.key), each.url] for each in witnesses),
        *(["group", each.name, str(each.threshold), *each.members] for each in groups),
        ["quorum", quorum],
    ]
    text = "".join(" ".join(line).rstrip(" ") + "\n" for line in lines)
    return Trust.parse(text.encode(errors="surrogateescape")).text


class _Reader:
    """Collects the lines of one policy and checks each against those before it."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.quorum: str | None = None
        self._names: set[str] = set()
        self._members: set[str] = set()

    def read(self, words: Sequence[str]) -> None:
        """Take one line, split into words."""
        match words:
            case []:
                pass
            case [word, *_] if word.startswith("#"):
                pass
            case ["log", vkey, *url] if len(url) <= 1:
                known = (each.key for each in self.logs)
                self.logs.append(Log(_new_key(vkey, _LOG_KINDS, known), *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                known = (each.key for each in self.witnesses)
                key = _new_key(vkey, _WITNESS_KINDS, known)
                self.witnesses.append(Witness(self._define(name), key, *url))
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, members)
            case ["quorum", name]:
                self._quorum(name)
            case _:
                raise Invalid("policy_line", "neither log, witness, group nor quorum in its form.")

    def _group(self, name: str, threshold: str, members: Sequence[str]) -> None:
        for member in members:
            self._require(member)
            if member in self._members:
                raise Invalid("policy_member", f"{member} is a member more than once.")
            self._members.add(member)
        words = {"any": 1, "all": len(members)}
        needed = words[threshold] if threshold in words else parse_decimal(threshold)
        if not 1 <= needed <= len(members):
            raise Invalid("policy_threshold", f"a group of {len(members)} cannot need {needed}.")
        self.groups.append(Group(self._define(name), needed, tuple(members)))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise Invalid("policy_quorum", "a policy has one quorum line.")
        if name != NO_QUORUM:
            self._require(name)
        self.quorum = name

    def _require(self, name: str) -> None:
        if name not in self._names:
            raise Invalid("policy_name", f"{name} is not defined above.")

    def _define(self, name: str) -> str:
        if name in self._names or name == NO_QUORUM:
            raise Invalid("policy_name", f"the name {name} is taken.")
        self._names.add(name)
        return name


def _new_key(vkey: str, kinds: Collection[int], known: Iterable[VerifierKey]) -> VerifierKey:
    """The key of `vkey`, if its type serves and its public key is not in the policy yet."""
    key = VerifierKey.parse(vkey)
    if key.kind not in kinds:
        raise Invalid("policy_key", f"a key of type 0x{key.kind:02x} cannot serve here.")
    if any(key.public == other.public for other in known):
        raise Invalid("policy_key", "this public key is listed already.")
    return key
