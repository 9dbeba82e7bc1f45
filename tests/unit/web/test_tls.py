"""A certificate is served if it is sound, and what is wrong with it is named."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gatebook.core.clock import SystemClock
from gatebook.core.errors import Misconfigured
from gatebook.web.tls import Files, load
from tests.certificates import DAY_US, HandAuthority, key_text


@pytest.fixture
def authority(tmp_path: Path) -> HandAuthority:
    """An authority that clients and gates may have certificates of."""
    return HandAuthority(tmp_path)


def refused(files: Files) -> tuple[str, str]:
    """The code of what is wrong, and the words."""
    with pytest.raises(Misconfigured) as caught:
        load(files, SystemClock().now_us())
    return caught.value.code, str(caught.value)


def test_one_file_may_hold_certificate_and_key(authority: HandAuthority) -> None:
    both = authority.issue("gate", ends_days=30)
    now_us = SystemClock().now_us()
    context, ends_us = load(Files(both, both), now_us)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.verify_mode is ssl.CERT_NONE
    assert 29 * DAY_US < ends_us - now_us < 31 * DAY_US


def test_authorities_of_clients_make_their_certificates_necessary(
    authority: HandAuthority,
) -> None:
    both = authority.issue("gate")
    context, _ = load(Files(both, both, authority.ca), SystemClock().now_us())
    assert context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("missing", ["certificate", "key", "client_ca"])
def test_a_file_that_is_not_there_is_named(
    authority: HandAuthority, tmp_path: Path, missing: str
) -> None:
    both = authority.issue("gate")
    nowhere = tmp_path / "none.pem"
    code, words = refused(Files(both, both, authority.ca)._replace(**{missing: nowhere}))
    assert code == "tls_unreadable"
    assert f"{nowhere} cannot be read: No such file" in words


@pytest.mark.parametrize("wrong", ["certificate", "key", "client_ca"])
def test_a_file_that_holds_something_else_is_named(
    authority: HandAuthority, tmp_path: Path, wrong: str
) -> None:
    both = authority.issue("gate")
    other = tmp_path / "other.pem"
    other.touch(mode=0o600)
    for content in ("", "hello", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"):
        other.write_text(content)
        code, words = refused(Files(both, both, authority.ca)._replace(**{wrong: other}))
        assert code == "tls_unusable"
        assert f"{other} cannot be used: it holds no" in words


def test_a_key_of_another_certificate_is_refused(authority: HandAuthority) -> None:
    code, words = refused(Files(authority.issue("gate"), authority.issue("other")))
    assert code == "tls_mismatch"
    assert "other.pem is not that of the first certificate in" in words


def test_a_key_that_asks_for_a_password_is_refused_and_nobody_asked(
    authority: HandAuthority, tmp_path: Path
) -> None:
    locked = tmp_path / "locked.pem"
    locked.touch(mode=0o600)
    locked.write_bytes(key_text(ec.generate_private_key(ec.SECP256R1()), b"secret"))
    code, words = refused(Files(authority.issue("gate"), locked))
    assert (code, "its key is encrypted" in words) == ("tls_unusable", True)


def test_a_key_that_everybody_may_read_is_refused(authority: HandAuthority) -> None:
    both = authority.issue("gate")
    both.chmod(0o640)  # some systems have a group for whoever serves TLS
    load(Files(both, both), SystemClock().now_us())
    both.chmod(0o644)
    code, words = refused(Files(both, both))
    assert (code, "chmod 600" in words) == ("permissions_too_wide", True)


def test_a_certificate_that_is_not_valid_now_is_refused(authority: HandAuthority) -> None:
    old = authority.issue("old", begins_days=-9, ends_days=-1)
    code, words = refused(Files(old, old))
    assert (code, "expired at 20" in words) == ("tls_expired", True)
    early = authority.issue("early", begins_days=1)
    code, words = refused(Files(early, early))
    assert (code, "not valid yet" in words) == ("tls_unusable", True)


def test_a_key_that_openssl_thinks_too_small_is_refused(
    authority: HandAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else it does not like has a name too."""

    def too_small(*_: object) -> None:
        error = ssl.SSLError(1, "[SSL: EE_KEY_TOO_SMALL]")
        error.reason = "EE_KEY_TOO_SMALL"
        raise error

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", too_small)
    both = authority.issue("gate")
    assert refused(Files(both, both))[0] == "tls_unusable"
