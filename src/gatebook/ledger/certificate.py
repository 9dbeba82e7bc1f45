"""The notary's word that a public key may write one stream of one log for at most a day.

Both are signed notes (C2SP signed-note): the request by the installation key, so that only a host
of ours gets a stream, the certificate by the log's, inside `stream.opened`. Times are the notary's.

    gatebook.dev/stream-key/v1       gatebook.dev/stream-key-request/v1
    <origin>                         <origin>
    <vkey of the stream>             <vkey of the stream>
    <not before>
    <not after>
"""

from typing import Final

import msgspec

from gatebook.core.clock import SECOND_US, from_text, to_text
from gatebook.core.errors import Invalid, Tampered
from gatebook.ledger.note import VerifierKey

MAX_LIFE_US: Final = 24 * 3600 * SECOND_US

_CERTIFICATE: Final = "gatebook.dev/stream-key/v1"
_REQUEST: Final = "gatebook.dev/stream-key-request/v1"


class StreamCertificate(msgspec.Struct, frozen=True):
    """What a certificate says; times in microseconds since the epoch."""

    origin: str
    key: VerifierKey
    not_before_us: int
    not_after_us: int

    def to_text(self) -> str:
        """The note text that the notary signs."""
        times = f"{to_text(self.not_before_us)}\n{to_text(self.not_after_us)}"
        return f"{_CERTIFICATE}\n{self.origin}\n{self.key}\n{times}\n"


def parse_certificate(text: str) -> StreamCertificate:
    """The certificate in a note text; raises Tampered for any other text or a life over a day."""
    try:
        kind, origin, vkey, not_before, not_after, rest = text.split("\n")
        certificate = StreamCertificate(
            origin, VerifierKey.parse(vkey), from_text(not_before), from_text(not_after)
        )
    except (ValueError, Invalid):
        kind, rest, certificate = "", "", None
    if kind != _CERTIFICATE or rest or certificate is None:
        raise Tampered("certificate_malformed", "A stream certificate cannot be read.")
    if not 0 < certificate.not_after_us - certificate.not_before_us <= MAX_LIFE_US:
        raise Tampered("certificate_too_long", "A stream certificate is valid for over 24 hours.")
    return certificate


def request_text(origin: str, key: VerifierKey) -> str:
    """The note text with which a writer asks for a certificate."""
    return f"{_REQUEST}\n{origin}\n{key}\n"


def parse_request(text: str) -> tuple[str, VerifierKey]:
    """Origin and stream key of a request; raises Tampered for any other text."""
    parts = text.split("\n")
    if len(parts) != 4 or parts[0] != _REQUEST or parts[3]:
        raise Tampered("request_malformed", "A request for a stream certificate cannot be read.")
    try:
        return parts[1], VerifierKey.parse(parts[2])
    except (ValueError, Invalid):
        raise Tampered("request_malformed", "A request names a key that cannot be read.") from None
