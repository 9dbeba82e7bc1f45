"""The certificate authority of one installation, for TLS without anybody else's.

ca.pem     what clients trust; it can be given to anybody
ca.key     the authority's key
gate.pem   key and certificate of the gate, replaced as one file

Clients hold on to the authority, so it is made once, for ten years; the gate's certificate is made
anew a month before it expires.
"""

import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gatebook.app.key_files import FOLDER_MODE, read_private, write_private
from gatebook.core.addresses import read_host
from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Misconfigured
from gatebook.storage.folder import sync_folder

CA: Final = "ca.pem"
_CA_KEY: Final = "ca.key"
_GATE: Final = "gate.pem"

_CA_LIFE: Final = timedelta(days=3650)
_LIFE: Final = timedelta(days=90)
_RENEWED_BEFORE: Final = timedelta(days=30)
_SKEW: Final = timedelta(hours=1)
"""Clients' clocks are not ours."""


class _Authority(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def keep_certificate(folder: Path, names: Sequence[str], now_us: int) -> Path:
    """The file with key and certificate of the gate, made or renewed if it has to be.

    Raises Misconfigured if the authority has expired, or is not what was written here.
    """
    now = datetime.fromtimestamp(now_us // SECOND_US, UTC)
    wanted = [_general_name(name) for name in dict.fromkeys(names)]
    if not folder.exists():
        _create(folder, now)
    authority = _load(folder)
    ends = min(now + _LIFE, authority.certificate.not_valid_after_utc)
    if ends <= now:
        raise Misconfigured(
            "tls_authority_expired",
            f"The certificate authority in {folder} has expired.",
            f"Move the folder away for a new one, and give its {CA} to every client.",
        )
    path = folder / _GATE
    if not _serves(path, authority, wanted, now, ends):
        fresh = folder / f".gate-{secrets.token_hex(8)}"
        write_private(fresh, _issue(authority, wanted, now, ends))
        fresh.replace(path)
        sync_folder(folder)
    return path


def _create(folder: Path, now: datetime) -> None:
    """Certificate and key of an authority, both or none: they appear with one rename."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gatebook certificate authority")])
    certificate = (
        _builder(name, name, key.public_key(), now, now + _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    fresh = folder.with_name(f".tls-{secrets.token_hex(8)}")
    fresh.mkdir(mode=FOLDER_MODE, parents=True)
    write_private(fresh / CA, certificate.public_bytes(Encoding.PEM).decode())
    write_private(fresh / _CA_KEY, _text(key))
    sync_folder(fresh)
    try:
        fresh.rename(folder)
    except OSError:  # another process was first; its authority is the authority
        shutil.rmtree(fresh)
    sync_folder(folder.parent)


def _load(folder: Path) -> _Authority:
    key = read_private(folder / _CA_KEY)
    with suppress(OSError, ValueError):
        certificate = x509.load_pem_x509_certificate((folder / CA).read_bytes())
        loaded = load_pem_private_key(key.encode(), None)
        if isinstance(loaded, ec.EllipticCurvePrivateKey):
            return _Authority(certificate, loaded)
    raise Misconfigured(
        "tls_authority_malformed",
        f"{folder} does not hold the certificate authority that was made there.",
        "Restore it from its backup, or move the folder away for a new one.",
    )


def _serves(
    path: Path,
    authority: _Authority,
    names: list[x509.GeneralName],
    now: datetime,
    ends: datetime,
) -> bool:
    """Whether the certificate there is of this authority, for these names, and lasts a while.

    One that a new one would not outlive is kept, however short it is.
    """
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        certificate.verify_directly_issued_by(authority.certificate)
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    last = certificate.not_valid_after_utc
    return list(held) == names and (last - now > _RENEWED_BEFORE or last >= ends)


def _issue(
    authority: _Authority, names: list[x509.GeneralName], now: datetime, ends: datetime
) -> str:
    """A new key and its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gatebook")])
    certificate = (
        _builder(name, issuer.subject, key.public_key(), now, ends)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .sign(authority.key, SHA256())
    )
    return _text(key) + certificate.public_bytes(Encoding.PEM).decode()


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(ends)
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(text: str) -> x509.GeneralName:
    try:
        host = read_host(text)
    except ValueError:
        raise Misconfigured(
            "tls_name",
            f"{text!r} is neither a name nor an address that a certificate can be for.",
            "Correct it in [tls] names or [gateway] host.",
        ) from None
    return x509.DNSName(host) if isinstance(host, str) else x509.IPAddress(host)


def _text(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
