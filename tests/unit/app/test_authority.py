"""The authority of an installation is made once; the certificate of its gate is kept fresh."""

import shutil
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gatebook.app.authority import CA, keep_certificate
from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Misconfigured
from tests.certificates import DAY_US
from tests.simulators.clock import NOON_US

NAMES = ["localhost", "127.0.0.1", "::1", "Gate.example", "localhost"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the authority is to be."""
    return tmp_path / "tls"


def keep(folder: Path, now_us: int = NOON_US, names: Sequence[str] = NAMES) -> x509.Certificate:
    """The certificate of the gate as it is kept at a time."""
    path = keep_certificate(folder, names, now_us)
    return x509.load_pem_x509_certificate(path.read_bytes())


def authority(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / CA).read_bytes())


def days(moment: datetime, now_us: int = NOON_US) -> float:
    return (moment - datetime.fromtimestamp(now_us // SECOND_US, UTC)).total_seconds() / 86400


def test_the_authority_may_sign_certificates_of_servers_and_nothing_deeper(folder: Path) -> None:
    keep(folder)
    made = authority(folder)
    made.verify_directly_issued_by(made)
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (
        True,
        True,
        0,
    )
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.digital_signature) == (True, False)
    assert days(made.not_valid_after_utc) == 3650


def test_the_gate_has_a_certificate_for_its_names_with_the_key_beside_it(folder: Path) -> None:
    made = keep(folder)
    made.verify_directly_issued_by(authority(folder))
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "gate.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert days(made.not_valid_after_utc) == 90
    key = load_pem_private_key((folder / "gate.pem").read_bytes(), None)
    assert key.public_key() == made.public_key()


def test_everything_is_for_its_owner_alone(folder: Path) -> None:
    keep(folder)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"ca.pem": 0o600, "ca.key": 0o600, "gate.pem": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_look_changes_nothing(folder: Path) -> None:
    first, made = keep(folder), authority(folder)
    assert keep(folder, NOON_US + 59 * DAY_US) == first
    assert authority(folder) == made


def test_it_is_renewed_a_month_before_it_expires_and_the_authority_stays(folder: Path) -> None:
    first, made = keep(folder), authority(folder)
    later = NOON_US + 61 * DAY_US
    second = keep(folder, later)
    assert second.serial_number != first.serial_number
    assert second.public_key() != first.public_key()
    assert days(second.not_valid_after_utc, later) == 90
    assert authority(folder) == made


def test_other_names_need_another_certificate(folder: Path) -> None:
    first = keep(folder)
    second = keep(folder, names=[*NAMES, "10.0.0.5"])
    assert second != first
    assert keep(folder, names=[*NAMES, "10.0.0.5"]) == second


@pytest.mark.parametrize("content", [b"", b"hello", None])
def test_a_certificate_that_is_lost_or_broken_is_made_anew(
    folder: Path, content: bytes | None
) -> None:
    first = keep(folder)
    if content is None:
        (folder / "gate.pem").unlink()
    else:
        (folder / "gate.pem").write_bytes(content)
    assert keep(folder) != first


def test_a_certificate_of_another_authority_is_not_kept(folder: Path, tmp_path: Path) -> None:
    keep(folder)
    other = keep(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "gate.pem", folder / "gate.pem")
    mine = keep(folder)
    assert mine != other
    mine.verify_directly_issued_by(authority(folder))


def test_no_certificate_outlives_its_authority(folder: Path) -> None:
    keep(folder)
    late = NOON_US + 3640 * DAY_US
    last = keep(folder, late)
    assert last.not_valid_after_utc == authority(folder).not_valid_after_utc
    assert keep(folder, late + DAY_US) == last  # a new one would not last longer


def test_an_authority_that_expired_is_not_replaced_behind_the_clients_backs(folder: Path) -> None:
    keep(folder)
    with pytest.raises(Misconfigured) as caught:
        keep(folder, NOON_US + 3650 * DAY_US)
    assert caught.value.code == "tls_authority_expired"


def why_not(folder: Path) -> str:
    with pytest.raises(Misconfigured) as caught:
        keep(folder)
    return caught.value.code


def test_the_authoritys_key_is_its_owners_alone_and_its_certificate_anybodys(folder: Path) -> None:
    first = keep(folder)
    (folder / CA).chmod(0o644)
    assert keep(folder) == first
    (folder / "ca.key").chmod(0o640)
    assert why_not(folder) == "permissions_too_wide"


@pytest.mark.parametrize("name", ["ca.pem", "ca.key"])
def test_an_authority_that_is_broken_is_not_replaced(folder: Path, name: str) -> None:
    keep(folder)
    (folder / name).write_text("hello")
    assert why_not(folder) == "tls_authority_malformed"
    (folder / name).unlink()
    assert why_not(folder) in ("tls_authority_malformed", "key_unreadable")


@pytest.mark.parametrize("name", ["", "gate.example.", "127.1", "*.example", "ä"])
def test_what_is_no_name_gets_no_certificate(folder: Path, name: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        keep(folder, names=["localhost", name])
    assert caught.value.code == "tls_name"
    assert not folder.exists()
