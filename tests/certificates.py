"""Certificates of any age and by any authority, for tests of TLS."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from gatebook.core.clock import SECOND_US, SystemClock

DAY_US = 24 * 3600 * SECOND_US


class HandAuthority:
    """Signs what it is told to, in a folder of the test's."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        certificate = self._signed(self._name, self._key, -1, 30, ca=True)
        self.ca = folder / f"{name}.pem"
        self.ca.write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(self, name: str, *, begins_days: float = -1, ends_days: float = 30) -> Path:
        """A file with a key and its certificate, for this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(_name(name), key, begins_days, ends_days, ca=False)
        path = self._folder / f"{name}.pem"
        path.touch(mode=0o600)
        path.write_bytes(key_text(key) + certificate.public_bytes(Encoding.PEM))
        return path

    def _signed(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        begins_days: float,
        ends_days: float,
        *,
        ca: bool,
    ) -> x509.Certificate:
        now = datetime.fromtimestamp(SystemClock().now_us() // SECOND_US, UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=begins_days))
            .not_valid_after(now + timedelta(days=ends_days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if ca:
            builder = builder.add_extension(self._identifier, critical=False)
        else:
            here = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(here), critical=False)
        return builder.sign(self._key, SHA256())


def key_text(key: ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    """A private key in PEM."""
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
