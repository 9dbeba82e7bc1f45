"""Makes the data folder and its keys, once, and reads the keys back.

A second run changes nothing. All keys are made together or not at all: a missing key beside a
database that needs it is an error, because a fresh one would open nothing. Keys that others may
read are refused.
"""

import os
import secrets
import shutil
import stat
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from gatebook.app.config import Config
from gatebook.core.envelope import KEY_BYTES, LocalKek
from gatebook.core.errors import Misconfigured
from gatebook.core.ids import Entropy
from gatebook.identity.keys import Peppers
from gatebook.ledger.ed25519 import SigningKey

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_NAMES: Final = ("kek", "pepper", "installation")


class Keyring(NamedTuple):
    """The keys of an installation, in memory."""

    kek: LocalKek
    peppers: Peppers
    installation: SigningKey


def create(config: Config, entropy: Entropy) -> None:
    """Make what is missing of data folder and keys; raises Misconfigured if that would be wrong."""
    data = config.data
    data.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    _check_private(data)
    folder = data / "keys"
    if folder.exists() or all(_named(config).values()):
        return
    if (data / "gatebook.db").exists():
        raise Misconfigured(
            "keys_missing",
            f"{data} holds a database, but not the keys it was written with.",
            f"Restore {folder} from its backup, or name the files in [keys].",
        )
    fresh = data / f".keys-{secrets.token_hex(8)}"
    fresh.mkdir(mode=_FOLDER_MODE)
    for name in _NAMES:
        secret = b64encode(entropy(KEY_BYTES)).decode()
        _write(fresh / name, f"1 {secret}\n" if name == "pepper" else f"{secret}\n")
    _sync(fresh)
    try:
        fresh.rename(folder)
    except OSError:  # another process was first; its keys are the keys
        shutil.rmtree(fresh)
    _sync(data)


def load_keyring(config: Config, entropy: Entropy) -> Keyring:
    """The keys; raises Misconfigured if one is missing, malformed or open to others."""
    named = _named(config)
    folder = config.data / "keys"
    if not all(named.values()):
        _check_private(folder)
    paths = {name: Path(named[name]) if named[name] else folder / name for name in _NAMES}
    peppers = {}
    for line in _read(paths["pepper"]).splitlines():
        version, _, secret = line.partition(" ")
        peppers[int(version) if version.isdecimal() else 0] = _key(paths["pepper"], secret)
    if not peppers or min(peppers) < 1:
        raise _malformed(paths["pepper"])
    return Keyring(
        kek=LocalKek(_key(paths["kek"], _read(paths["kek"])), entropy),
        peppers=Peppers(peppers),
        installation=SigningKey(_key(paths["installation"], _read(paths["installation"]))),
    )


def _named(config: Config) -> dict[str, str]:
    keys = config.keys
    return {
        "kek": keys.kek_file,
        "pepper": keys.pepper_file,
        "installation": keys.installation_file,
    }


def _read(path: Path) -> str:
    _check_private(path)
    with suppress(UnicodeDecodeError):
        return path.read_text("ascii").strip()
    raise _malformed(path)


def _key(path: Path, encoded: str) -> bytes:
    with suppress(ValueError):
        key = b64decode(encoded, validate=True)
        if len(key) == KEY_BYTES:
            return key
    raise _malformed(path)


def _malformed(path: Path) -> Misconfigured:
    return Misconfigured(
        "key_malformed", f"{path} does not hold a key of {KEY_BYTES} bytes in base64."
    )


def _check_private(path: Path) -> None:
    try:
        status = path.stat()
    except OSError as error:
        raise Misconfigured(
            "key_unreadable", f"{path} cannot be read: {error.strerror}.", "Run: gatebook serve"
        ) from None
    if stat.S_IMODE(status.st_mode) & 0o077:
        mode = _FOLDER_MODE if stat.S_ISDIR(status.st_mode) else _FILE_MODE
        raise Misconfigured(
            "permissions_too_wide",
            f"Others than its owner may look into {path}.",
            f"Close it: chmod {mode:o} {path}",
        )


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
