"""TLS is as the settings say; changed files are taken if they are sound, else all goes on."""

import logging
from pathlib import Path
from typing import Any

import pytest

from gatebook.app.config import Config, load_config
from gatebook.app.tls import Tls, open_tls
from gatebook.core.clock import SystemClock
from gatebook.core.errors import Misconfigured
from gatebook.web.settings import TlsSettings
from tests.certificates import HandAuthority
from tests.simulators.clock import SetClock

DAY = 24 * 3600


@pytest.fixture
def clock() -> SetClock:
    """Stands at the moment of the test; OpenSSL has a clock of its own."""
    return SetClock(SystemClock().now_us())


@pytest.fixture
def authority(tmp_path: Path) -> HandAuthority:
    """An authority that the gate may have a certificate of."""
    return HandAuthority(tmp_path)


def config_of(tmp_path: Path, **settings: Any) -> Config:
    data = load_config(data=tmp_path / "data", environment={}).config
    return Config(server=data.server, tls=TlsSettings(**settings))


def test_without_settings_there_is_no_tls(tmp_path: Path, clock: SetClock) -> None:
    assert open_tls(config_of(tmp_path), clock) is None
    assert not (tmp_path / "data").exists()


def test_a_self_managed_certificate_is_made_and_its_authority_named(
    tmp_path: Path, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tls = open_tls(config_of(tmp_path, self_managed=True, names=("gate.example",)), clock)
    assert tls is not None
    ca = tmp_path / "data" / "tls" / "ca.pem"
    assert ca.exists()
    assert caplog.messages == [f"clients have to trust {ca}"]


@pytest.mark.parametrize(
    ("host", "trusted", "warned"),
    [
        ("127.0.0.1", (), False),
        ("::1", (), False),
        ("localhost", (), False),
        ("0.0.0.0", (), True),
        ("::", (), True),
        ("10.0.0.5", (), True),
        ("gate.example", (), True),
        ("0.0.0.0", ("10.0.0.1",), False),
    ],
)
def test_keys_in_the_clear_are_warned_of_unless_a_proxy_is_before_them(
    clock: SetClock,
    caplog: pytest.LogCaptureFixture,
    host: str,
    trusted: tuple[str, ...],
    warned: bool,
) -> None:
    environment = {"GATEBOOK_GATEWAY_HOST": host, "GATEBOOK_PROXIES_TRUSTED": ",".join(trusted)}
    assert open_tls(load_config(environment=environment).config, clock) is None
    assert ["in the clear" in line for line in caplog.messages] == [True] * warned


async def test_a_new_certificate_is_taken_for_new_connections(
    authority: HandAuthority, tmp_path: Path, clock: SetClock
) -> None:
    both = authority.issue("gate")
    tls = Tls(config_of(tmp_path, certificate_file=str(both), key_file=str(both)), clock)
    first = tls.context.current
    await tls.refresh()
    assert tls.context.current is first
    authority.issue("gate")
    await tls.refresh()
    assert tls.context.current is not first


async def test_what_is_not_sound_is_not_taken_and_looked_at_again(
    authority: HandAuthority, tmp_path: Path, clock: SetClock
) -> None:
    """Certificate and key are replaced one after the other: for a moment they do not fit."""
    key, certificate = authority.issue("key"), authority.issue("certificate")
    certificate.write_bytes(key.read_bytes())
    settings = {"certificate_file": str(certificate), "key_file": str(key)}
    tls = Tls(config_of(tmp_path, **settings), clock)
    first = tls.context.current
    fresh = authority.issue("fresh")
    for replaced, why in ((certificate, "tls_mismatch"), (key, "")):
        replaced.rename(tmp_path / "old")
        replaced.touch(mode=0o600)
        replaced.write_bytes(fresh.read_bytes())
        for _ in range(2):
            if why:
                with pytest.raises(Misconfigured) as caught:
                    await tls.refresh()
                assert caught.value.code == why
            else:
                await tls.refresh()
        assert (tls.context.current is first) == bool(why)
    key.unlink()
    with pytest.raises(Misconfigured, match="cannot be read"):
        await tls.refresh()


async def test_a_certificate_that_expires_soon_is_told_of_and_goes_on(
    authority: HandAuthority, tmp_path: Path, clock: SetClock
) -> None:
    both = authority.issue("gate", ends_days=30)
    tls = Tls(config_of(tmp_path, certificate_file=str(both), key_file=str(both)), clock)
    clock.advance(20 * DAY)
    await tls.refresh()
    clock.advance(4 * DAY)
    with pytest.raises(Misconfigured, match="expires at"):
        await tls.refresh()
    authority.issue("gate", ends_days=90)
    await tls.refresh()


async def test_a_self_managed_certificate_is_renewed_meanwhile(
    tmp_path: Path, clock: SetClock
) -> None:
    tls = Tls(config_of(tmp_path, self_managed=True), clock)
    first = tls.context.current
    clock.advance(59 * DAY)
    await tls.refresh()
    assert tls.context.current is first
    clock.advance(2 * DAY)
    await tls.refresh()
    assert tls.context.current is not first


def test_at_the_start_what_is_not_sound_stops_the_gate(
    authority: HandAuthority, tmp_path: Path, clock: SetClock
) -> None:
    old = authority.issue("old", begins_days=-9, ends_days=-1)
    with pytest.raises(Misconfigured) as caught:
        open_tls(config_of(tmp_path, certificate_file=str(old), key_file=str(old)), clock)
    assert caught.value.code == "tls_expired"
