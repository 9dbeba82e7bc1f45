"""The keys of an installation: read from private files, believed only if they are well formed."""

from pathlib import Path

import pytest

from gatebook.app.config import Config, load_config
from gatebook.app.init import create
from gatebook.app.keyring import load_keyring
from gatebook.core.envelope import Cell, new_data_key, open_data_key
from gatebook.core.errors import Misconfigured
from gatebook.core.ids import system_entropy
from gatebook.identity.keys import mint, parse


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Settings of an installation whose keys were made."""
    config = load_config(data=tmp_path / "data", environment={}).config
    create(config, system_entropy)
    return config


def test_what_was_made_with_the_keys_is_read_with_them_after_a_restart(config: Config) -> None:
    first = load_keyring(config, system_entropy)
    key, stored = new_data_key("org_1", first.kek, 0, system_entropy)
    sealed = key.seal(b"plain", Cell("a", "b", "c"), system_entropy)
    minted = mint(first.peppers, system_entropy)
    again = load_keyring(config, system_entropy)
    assert open_data_key(stored, again.kek).unseal(sealed, Cell("a", "b", "c")) == b"plain"
    parts = parse(minted.token.reveal())
    assert parts is not None
    assert again.peppers.prove(parts, minted.mac, 1)
    assert again.installation.public == first.installation.public


@pytest.mark.parametrize("name", ["kek", "pepper", "installation"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(config: Config, name: str, mode: int) -> None:
    (config.data / "keys" / name).chmod(mode)
    with pytest.raises(Misconfigured, match="chmod 600"):
        load_keyring(config, system_entropy)


@pytest.mark.parametrize("name", ["kek", "pepper", "installation"])
@pytest.mark.parametrize("text", ["", "short", "1 short", "é", "0 " + "A" * 43 + "="])
def test_a_malformed_key_is_refused(config: Config, name: str, text: str) -> None:
    (config.data / "keys" / name).write_text(text)
    with pytest.raises(Misconfigured):
        load_keyring(config, system_entropy)


def test_keys_can_come_from_files_elsewhere_and_are_not_made_there(tmp_path: Path) -> None:
    made = load_config(data=tmp_path / "one", environment={}).config
    create(made, system_entropy)
    environment = {
        f"GATEBOOK_KEYS_{name.upper()}_FILE": str(made.data / "keys" / name)
        for name in ("kek", "pepper", "installation")
    }
    config = load_config(data=tmp_path / "two", environment=environment).config
    create(config, system_entropy)
    assert not (config.data / "keys").exists()
    kek = load_keyring(made, system_entropy).kek
    assert load_keyring(config, system_entropy).kek.id == kek.id


def test_older_peppers_still_prove_the_keys_they_minted(config: Config) -> None:
    minted = mint(load_keyring(config, system_entropy).peppers, system_entropy)
    file = config.data / "keys" / "pepper"
    file.write_text(file.read_text() + "2 " + "A" * 43 + "=\n")
    peppers = load_keyring(config, system_entropy).peppers
    assert peppers.version == 2
    parts = parse(minted.token.reveal())
    assert parts is not None
    assert peppers.prove(parts, minted.mac, minted.pepper_version)
