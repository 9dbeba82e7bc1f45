"""ML-DSA-44 (FIPS 204), the second signature of a checkpoint: it outlives a quantum computer."""

from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from gatebook.core.errors import Invalid
from gatebook.core.ids import Entropy

SEED_BYTES: Final = 32
PUBLIC_BYTES: Final = 1312
SIGNATURE_BYTES: Final = 2420


class SigningKey:
    """A private key made from its 32-byte seed (FIPS 204 xi); `public` has 1,312 bytes."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise Invalid("mldsa_seed", f"An ML-DSA-44 seed has {SEED_BYTES} bytes.")
        self._secret: MLDSA44PrivateKey | None = MLDSA44PrivateKey.from_seed_bytes(seed)
        self.public = self._secret.public_key().public_bytes_raw()

    @classmethod
    def generate(cls, entropy: Entropy) -> Self:
        """A fresh key."""
        return cls(entropy(SEED_BYTES))

    def sign(self, message: bytes) -> bytes:
        """2,420 bytes with the empty context; raises ValueError once the key is destroyed."""
        if self._secret is None:
            raise ValueError("this ML-DSA-44 key is destroyed")
        return self._secret.sign(message)

    def destroy(self) -> None:
        """Forget the private key; memory is released, which Python cannot promise to overwrite."""
        self._secret = None


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """True when `signature` over `message` (empty context) was made with the key of `public`."""
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True
