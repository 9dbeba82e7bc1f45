"""Where the notary is: its folder, and the address that it listens on and others reach it at."""

import os
from pathlib import Path
from typing import Final

from gatebook.app.config import Config
from gatebook.core.errors import Misconfigured
from gatebook.web.blocking_client import UNIX

_MAX_SOCKET_PATH: Final = 100
"""Linux allows 107 bytes and macOS 103."""


def folder_of(config: Config) -> Path:
    """The notary's folder."""
    named = config.notary.folder
    return Path(named).absolute() if named else config.data / "notary"


def address_of(config: Config) -> str:
    """unix:/path or http://host:port."""
    return config.notary.address or f"{UNIX}{folder_of(config) / 'socket'}"


def socket_path(address: str) -> str:
    """The path of a unix: address, in a form short enough for a socket."""
    path = Path(address.removeprefix(UNIX))
    for form in (str(path), os.path.relpath(path)):
        if len(form.encode()) <= _MAX_SOCKET_PATH:
            return form
    raise Misconfigured(
        "socket_path",
        f"{path} is too long for a socket.",
        "Set [notary] address to unix: and a shorter path.",
    )
