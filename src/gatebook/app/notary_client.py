"""How other processes reach the notary: certificates for writers, checkpoints for the integrator.

What it answers is believed only when the keys signed it that were pinned at first contact; a notary
with other keys is reported, never followed.
"""

from collections.abc import Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Final, NoReturn
from urllib.parse import quote

import msgspec

from gatebook.app.config import Config
from gatebook.app.notary_address import address_of, socket_path
from gatebook.app.notary_pin import NotaryPin
from gatebook.core.errors import Conflict, Invalid, Misconfigured, NotFound, Tampered, Unavailable
from gatebook.ledger.certificate import parse_certificate, request_text
from gatebook.ledger.checkpoint import Checkpoint
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.notary import INSTALLATION_SUFFIX
from gatebook.ledger.note import Note, NoteSigner, VerifierKey, open_note, sign_note
from gatebook.ledger.reach import parse_reach
from gatebook.ledger.trust import Log, Trust, format_policy
from gatebook.ledger.witness import AddCheckpoint, parse_conflict, parse_cosignatures
from gatebook.web.blocking_client import UNIX, Response, ask

TIMEOUT_SECONDS: Final = 10
_MAX_ANSWER_BYTES: Final = 2_000_000
_RETRY: Final = "See that the notary runs: gatebook serve notary."


class _Problem(msgspec.Struct):
    code: str
    detail: str
    hint: str = ""


class NotaryClient:
    """Implements `ledger.ports.Certifier`; every method raises Unavailable without an answer."""

    def __init__(self, address: str, installation: NoteSigner, pin: NotaryPin) -> None:
        self._address = address
        self._installation = installation
        self._pin = pin

    def certify(self, origin: str, key: VerifierKey) -> tuple[str, int]:
        """See ledger.ports.Certifier."""
        request = sign_note(request_text(origin, key).encode(), [self._installation])
        reply = self._call("POST", "/certify", request)
        if reply.status != HTTPStatus.OK:
            _refused(reply)
        checked = open_note(reply.body, self.vkeys(origin)[:1])
        certificate = parse_certificate(checked.note.text.decode())
        if (certificate.origin, certificate.key) != (origin, key):
            raise Tampered("certificate_other", "The notary certified another key than asked for.")
        return reply.body.decode(), certificate.not_after_us

    def vkeys(self, origin: str) -> list[VerifierKey]:
        """The keys of a log, Ed25519 first; asked for and pinned at the first contact."""
        pinned = self._pin.keys(origin)
        if pinned is not None:
            return pinned
        reply = self._call("GET", f"/vkeys?origin={quote(origin, safe='')}")
        if reply.status != HTTPStatus.OK:
            _refused(reply)
        try:
            keys = [VerifierKey.parse(line) for line in reply.body.decode().splitlines()]
        except (Invalid, UnicodeDecodeError):
            raise Tampered("notary_keys", "The notary's keys cannot be read.") from None
        if any(key.name != origin for key in keys):
            raise Tampered("notary_keys", "The notary names keys of another log.")
        self._pin.pin(keys)
        return keys

    def reach(self, origin: str, sid: str) -> int:
        """How many entries of a stream are signed, from the first on (`ledger/reach.py`)."""
        query = f"origin={quote(origin, safe='')}&stream={quote(sid, safe='')}"
        reply = self._call("GET", f"/reach?{query}")
        if reply.status != HTTPStatus.OK:
            _refused(reply)
        checked = open_note(reply.body, self.vkeys(origin)[:1])
        found = parse_reach(checked.note.text.decode())
        if (found.origin, found.sid) != (origin, sid):
            raise Tampered("reach_other", "The notary told of another stream than asked for.")
        return found.count

    def trust(self, origin: str) -> Trust:
        """The policy that asks for both signatures of a log."""
        return Trust.parse(format_policy([Log(key) for key in self.vkeys(origin)]))

    def checkpoint(self, origin: str) -> Checkpoint | None:
        """The head that the notary signed last; None if it never signed one."""
        reply = self._call("GET", f"/{sha256(origin.encode()).hexdigest()}/checkpoint")
        if reply.status == HTTPStatus.NOT_FOUND:
            return None
        if reply.status != HTTPStatus.OK:
            _refused(reply)
        found = self.trust(origin).check(reply.body).checkpoint
        if found.origin != origin:
            raise Tampered("notary_other_log", "The notary answered with another log's head.")
        return found

    def add_checkpoint(
        self, old_size: int, proof: Sequence[bytes], checkpoint: Checkpoint
    ) -> bytes:
        """The signed note of a new head (C2SP tlog-witness).

        Raises Conflict if the notary is not at `old_size`, Tampered with its reason if it refuses.
        """
        submitted = sign_note(checkpoint.encode(), [self._installation])
        body = AddCheckpoint(old_size, tuple(proof), submitted).encode()
        reply = self._call("POST", "/add-checkpoint", body)
        if reply.status == HTTPStatus.CONFLICT:
            raise Conflict(
                "notary_elsewhere",
                f"The notary has {checkpoint.origin} at size {parse_conflict(reply.body)}, "
                f"not at {old_size}, or with another root.",
            )
        if reply.status != HTTPStatus.OK:
            _refused(reply)
        note = Note(checkpoint.encode(), tuple(parse_cosignatures(reply.body))).encode()
        self.trust(checkpoint.origin).check(note)
        return note

    def _call(self, method: str, target: str, body: bytes = b"") -> Response:
        address = self._address
        if address.startswith(UNIX):
            address = UNIX + socket_path(address)
        try:
            return ask(
                address, method, target, body, seconds=TIMEOUT_SECONDS, limit=_MAX_ANSWER_BYTES
            )
        except OSError as error:
            raise Unavailable(
                "notary_unavailable",
                f"The notary does not answer ({type(error).__name__}).",
                _RETRY,
                retry_after_seconds=1,
            ) from error


def _refused(reply: Response) -> NoReturn:
    """Raise what the notary said, as the kind that its status stands for."""
    try:
        problem = msgspec.json.decode(reply.body, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem("notary_answer", f"The notary answered with status {reply.status}.")
    said = problem.code, f"The notary: {problem.detail}", problem.hint
    match reply.status:
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            raise Tampered(*said)
        case HTTPStatus.FORBIDDEN:
            raise Misconfigured(*said)
        case HTTPStatus.NOT_FOUND:
            raise NotFound(*said)
        case HTTPStatus.BAD_REQUEST:
            raise Invalid(*said)
    raise Unavailable(*said, retry_after_seconds=1)


def open_notary(config: Config, installation: SigningKey) -> NotaryClient:
    """The notary of an installation, asked with the installation's key."""
    signer = NoteSigner(config.ledger.origin + INSTALLATION_SUFFIX, installation)
    return NotaryClient(address_of(config), signer, NotaryPin(config.data / "keys" / "notary"))
