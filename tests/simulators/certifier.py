"""A notary reduced to certifying stream keys, with real notes and signatures; it reads no log."""

from hashlib import sha256

from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import Unavailable
from gatebook.ledger.certificate import StreamCertificate
from gatebook.ledger.ed25519 import SigningKey
from gatebook.ledger.note import NoteSigner, VerifierKey, sign_note
from gatebook.ledger.reach import WHOLE

DAY_SECONDS = 24 * 3600


class LocalCertifier:
    """Certifies whatever it is asked to, while it is up; one key per origin, from its name."""

    def __init__(self, clock: Clock, life_seconds: int = DAY_SECONDS) -> None:
        self.is_up = True
        self.is_signing = True
        self.asked = 0
        self._clock = clock
        self._life_us = life_seconds * SECOND_US

    def certify(self, origin: str, key: VerifierKey) -> tuple[str, int]:
        """See ledger.ports.Certifier."""
        self.asked += 1
        if not self.is_up:
            raise Unavailable("notary_unavailable", "The notary does not answer.")
        now_us = self._clock.now_us()
        certificate = StreamCertificate(origin, key, now_us, now_us + self._life_us)
        note = sign_note(certificate.to_text().encode(), [log_signer(origin)])
        return note.decode(), certificate.not_after_us

    def reach(self, origin: str, sid: str) -> int:
        """How far a stream is signed: wholly, or not at all."""
        del origin, sid
        return WHOLE if self.is_signing else 0


def log_signer(origin: str) -> NoteSigner:
    """The key of a log in tests."""
    return NoteSigner(origin, SigningKey(sha256(origin.encode()).digest()))
