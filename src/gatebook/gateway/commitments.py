"""Commitments to bodies that are not kept: anyone who has the body can check it, nobody can guess.

The salt is derived from a key of the organization, so destroying that key ends guessability for all
calls at once: salt = HMAC-SHA-256(key, call id || 0x0A || direction), c = HMAC-SHA-256(salt, body).
"""

import hashlib
import hmac
from base64 import b64encode
from typing import Final, Literal, NamedTuple

from gatebook.core.envelope import DataKey
from gatebook.ledger.events import Commitment

PURPOSE: Final = "call-commitments"
"""What `DataKey.derive` is asked for."""

Direction = Literal["request", "reply"]


class CommitmentKey(NamedTuple):
    """An organization's key for salts, and the id of the data key it dies with."""

    id: str
    secret: bytes

    @classmethod
    def of(cls, data_key: DataKey) -> "CommitmentKey":
        """The commitment key derived from a data key."""
        return cls(data_key.id, data_key.derive(PURPOSE))


def commit(key: CommitmentKey, call: str, direction: Direction, body: bytes) -> Commitment:
    """The commitment to a whole body."""
    mac = hmac.digest(_salt(key, call, direction), body, "sha256")
    return Commitment(c=b64encode(mac).decode(), n=len(body), k=key.id)


class Committer:
    """The commitment to a body that comes in parts."""

    def __init__(self, key: CommitmentKey, call: str, direction: Direction) -> None:
        self._key_id = key.id
        self._mac = hmac.new(_salt(key, call, direction), digestmod=hashlib.sha256)
        self.length = 0

    def update(self, part: bytes) -> None:
        """The next part."""
        self._mac.update(part)
        self.length += len(part)

    def commitment(self) -> Commitment:
        """The commitment to all parts so far."""
        return Commitment(c=b64encode(self._mac.digest()).decode(), n=self.length, k=self._key_id)


def _salt(key: CommitmentKey, call: str, direction: Direction) -> bytes:
    return hmac.digest(key.secret, f"{call}\n{direction}".encode(), "sha256")
