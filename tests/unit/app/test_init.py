"""The data folder and its keys: made once, for their owner alone."""

import os
import stat
from pathlib import Path

import pytest

from gatebook.app.config import Config, load_config
from gatebook.app.init import create
from gatebook.core.errors import Misconfigured
from gatebook.core.ids import system_entropy


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
