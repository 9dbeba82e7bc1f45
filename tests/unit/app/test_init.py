"""The data folder and its keys: made once, for their owner alone."""

import os
import stat
from pathlib import Path

import pytest

from gatebook.app.config import Config, load_config
from gatebook.app.init import create, load_keyring
from gatebook.core.envelope import Cell, new_data_key, open_data_key
from gatebook.core.errors import Misconfigured
from gatebook.core.ids import system_entropy
from gatebook.identity.keys import mint, parse


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Settings of an installation in a folder that does not exist yet."""
    return load_config(data=tmp_path / "data", environment={}).config


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
    }


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_everything_is_made_for_its_owner_alone(config: Config) -> None:
    before = os.umask(0)
    try:
        create(config, system_entropy)
    finally:
        os.umask(before)
    assert stat.S_IMODE(config.data.stat().st_mode) == 0o700
    assert modes(config.data) == {
        "gatebook.db": 0o600,
        "keys": 0o700,
        "keys/installation": 0o600,
        "keys/kek": 0o600,
        "keys/pepper": 0o600,
    }


def test_a_second_run_changes_nothing(config: Config) -> None:
    create(config, system_entropy)
    before = contents(config.data)
    create(config, system_entropy)
    assert contents(config.data) == before


def test_the_keys_are_independent_of_one_another(config: Config) -> None:
    create(config, system_entropy)
    kept = contents(config.data / "keys")
    assert len(set(kept.values())) == 3


def test_what_was_made_with_the_keys_is_read_with_them_after_a_restart(config: Config) -> None:
    create(config, system_entropy)
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
    create(config, system_entropy)
    (config.data / "keys" / name).chmod(mode)
    with pytest.raises(Misconfigured, match="chmod 600"):
        load_keyring(config, system_entropy)


def test_a_folder_that_others_may_look_into_is_refused(config: Config) -> None:
    create(config, system_entropy)
    config.data.chmod(0o755)
    with pytest.raises(Misconfigured, match="chmod 700"):
        create(config, system_entropy)
    config.data.chmod(0o750)  # a notary of its own account reads the log as a member of the group
    create(config, system_entropy)


def test_lost_keys_are_not_replaced_where_a_database_needs_them(config: Config) -> None:
    create(config, system_entropy)
    (config.data / "keys").rename(config.data / "lost")
    with pytest.raises(Misconfigured) as caught:
        create(config, system_entropy)
    assert caught.value.code == "keys_missing"
    assert not (config.data / "keys").exists()


@pytest.mark.parametrize("name", ["kek", "pepper", "installation"])
@pytest.mark.parametrize("text", ["", "short", "1 short", "é", "0 " + "A" * 43 + "="])
def test_a_malformed_key_is_refused(config: Config, name: str, text: str) -> None:
    create(config, system_entropy)
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
    create(config, system_entropy)
    minted = mint(load_keyring(config, system_entropy).peppers, system_entropy)
    file = config.data / "keys" / "pepper"
    file.write_text(file.read_text() + "2 " + "A" * 43 + "=\n")
    peppers = load_keyring(config, system_entropy).peppers
    assert peppers.version == 2
    parts = parse(minted.token.reveal())
    assert parts is not None
    assert peppers.prove(parts, minted.mac, minted.pepper_version)
