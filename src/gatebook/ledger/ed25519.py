"""Ed25519 (RFC 8032) with one meaning of "valid", whoever verifies.

Verifiers in the field disagree on low-order points only: on the 914 edge-case vectors of C2SP/CCTV
`ed25519` they agree once the 14 low-order encodings are refused for the key A and for the nonce R.
"""

from typing import Final, Self

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from gatebook.core.errors import Invalid
from gatebook.core.ids import Entropy

SEED_BYTES: Final = 32
PUBLIC_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

LOW_ORDER: Final = frozenset(
    bytes.fromhex(encoding)
    for encoding in (
        # C2SP/CCTV ed25519/README.md, "Low-order edwards25519 point encodings": the eight points
        # of order 1, 2, 4 and 8, and six more spellings of them (y >= p, or x = -0).
        "0000000000000000000000000000000000000000000000000000000000000000",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    )
)


class SigningKey:
    """A private key made from its 32-byte seed; `public` is the 32-byte key that verifies."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise Invalid("ed25519_seed", f"An Ed25519 seed has {SEED_BYTES} bytes.")
        self.public, self._secret = crypto_sign_seed_keypair(seed)

    @classmethod
    def generate(cls, entropy: Entropy) -> Self:
        """A fresh key."""
        return cls(entropy(SEED_BYTES))

    def sign(self, message: bytes) -> bytes:
        """64 bytes; raises ValueError once the key is destroyed."""
        # The binding does not look at the key's length, so a forgotten key is caught here.
        if not self._secret:
            raise ValueError("this Ed25519 key is destroyed")
        return crypto_sign(message, self._secret)[:SIGNATURE_BYTES]

    def destroy(self) -> None:
        """Forget the private key; memory is released, which Python cannot promise to overwrite."""
        self._secret = b""


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """True when `signature` (64 bytes) over `message` was made with the key of `public`."""
    # The binding reads 32 and 64 bytes whatever it is given, so lengths are checked first.
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    if public in LOW_ORDER or signature[:32] in LOW_ORDER:
        return False
    try:
        crypto_sign_open(signature + message, public)
    except BadSignatureError:
        return False
    return True
