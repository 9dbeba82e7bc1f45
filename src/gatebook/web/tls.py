"""TLS 1.3 with certificates from files, which can be replaced while connections are open.

Older versions are not spoken: every client of the last years speaks 1.3, and it leaves no cipher
and no renegotiation to choose wrongly. Early data, which can be replayed, is not taken.
"""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gatebook.core.clock import SECOND_US, to_text
from gatebook.core.errors import Misconfigured

_OTHERS_MAY_READ = 0o007
"""Not the group: some systems have one for whoever serves TLS."""


class Files(NamedTuple):
    """Where certificate and key are, and the authorities of clients if they need certificates."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class Loaded(NamedTuple):
    """What the files held."""

    context: ssl.SSLContext
    ends_us: int
    """When the certificate expires."""


class LiveContext(ssl.SSLContext):
    """What a listener is given once; each new connection gets the context that is current then.

    Certificates could be loaded into a context in use, but authorities of clients could not be
    taken out of it again, and half of a failed change would stay.
    """

    current: ssl.SSLContext

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """See ssl.SSLContext; called for each connection."""
        return self.current.wrap_bio(*args, **options)


def load(files: Files, now_us: int) -> Loaded:
    """A context made of the files; raises Misconfigured, naming the file that is wrong."""
    certificate = _certificate(files.certificate, now_us)
    if _key(files.key).public_key() != certificate.public_key():
        raise Misconfigured(
            "tls_mismatch",
            f"The key in {files.key} is not that of the first certificate in {files.certificate}.",
            "The certificate of the gate comes first, those that vouch for it after it.",
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(files.certificate, files.key)
    except ssl.SSLError as error:
        _unusable(files.certificate, str(error.reason))
    if files.client_ca is not None:
        _read(files.client_ca)
        try:
            context.load_verify_locations(files.client_ca)
        except ssl.SSLError:
            _unusable(files.client_ca, "it holds no certificate")
        context.verify_mode = ssl.CERT_REQUIRED
    return Loaded(context, _microseconds(certificate.not_valid_after_utc))


def _certificate(path: Path, now_us: int) -> x509.Certificate:
    """The first certificate of a file, once it is seen to be valid now."""
    try:
        certificate = x509.load_pem_x509_certificates(_read(path))[0]
    except ValueError:
        _unusable(path, "it holds no certificate in PEM")
    ends_us = _microseconds(certificate.not_valid_after_utc)
    if ends_us <= now_us:
        raise Misconfigured(
            "tls_expired",
            f"The certificate in {path} expired at {to_text(ends_us)}.",
            "Put a new one in its place.",
        )
    if _microseconds(certificate.not_valid_before_utc) > now_us:
        _unusable(path, "its certificate is not valid yet")
    return certificate


def _key(path: Path) -> PrivateKeyTypes:
    text = _read(path)
    if path.stat().st_mode & _OTHERS_MAY_READ:
        raise Misconfigured(
            "permissions_too_wide", f"Everybody may read {path}.", f"Close it: chmod 600 {path}"
        )
    try:
        return load_pem_private_key(text, None)
    except TypeError:
        _unusable(path, "its key is encrypted")
    except ValueError:
        _unusable(path, "it holds no private key in PEM")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misconfigured(
            "tls_unreadable",
            f"{path} cannot be read: {error.strerror}.",
            "Give the account that runs Gatebook the right to it, or name another file in [tls].",
        ) from None


def _unusable(path: Path, why: str) -> NoReturn:
    raise Misconfigured("tls_unusable", f"{path} cannot be used: {why}.", "See [tls].")


def _microseconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp()) * SECOND_US
