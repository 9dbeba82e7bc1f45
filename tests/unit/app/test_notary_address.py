"""Where the notary is found, and that a socket's path fits."""

from pathlib import Path

import pytest

from gatebook.app.config import Config
from gatebook.app.notary_address import address_of, folder_of, socket_path
from gatebook.app.settings import NotarySettings, ServerSettings
from gatebook.core.errors import Misconfigured


def config(data: str = "/data", **fields: str) -> Config:
    """Settings of an installation in /data."""
    notary = NotarySettings(**fields)  # type: ignore[arg-type]  # all of these fields are text
    return Config(server=ServerSettings(data=data), notary=notary)


def test_an_embedded_notary_has_its_folder_and_socket_in_the_data_folder() -> None:
    assert folder_of(config()) == Path("/data/notary")
    assert address_of(config()) == "unix:/data/notary/socket"


def test_both_may_be_elsewhere() -> None:
    assert folder_of(config(folder="/other")) == Path("/other")
    assert address_of(config(folder="/other")) == "unix:/other/socket"
    assert address_of(config(address="http://host:1")) == "http://host:1"


def test_a_long_path_is_named_from_where_we_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.chdir(deep)
    assert socket_path(f"unix:{deep}/socket") == "socket"


def test_a_path_too_long_for_a_socket_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="too long"):
        socket_path(f"unix:{tmp_path}/{'d' * 100}/{'d' * 100}/socket")
