"""Makes the data folder and its keys, once, and reads the keys back.

A second run changes nothing. All keys are made together or not at all: a missing key beside a
database that needs it is an error, because a fresh one would open nothing. Keys that others may
read are refused.
"""

import secrets
import shutil
import stat
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from gatebook.app.config import DATABASE_NAME, Config
from gatebook.app.key_files import (
    FOLDER_MODE,
    KEY_BYTES,
    check_private,
    malformed,
    read_key,
    read_private,
    write_private,
)
from gatebook.core.envelope import LocalKek
from gatebook.core.errors import Misconfigured
from gatebook.core.ids import Entropy
from gatebook.identity.keys import Peppers
from gatebook.ledger.ed25519 import SigningKey
from gatebook.storage.folder import sync_folder

_NAMES: Final = ("kek", "pepper", "installation")


class Keyring(NamedTuple):
    """The keys of an installation, in memory."""

    kek: LocalKek
    peppers: Peppers
    installation: SigningKey


def create(config: Config, entropy: Entropy) -> None:
    """Make what is missing of data folder and keys; raises Misconfigured if that would be wrong."""
    data = config.data
    data.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    _check_folder(data)
    folder, database = data / "keys", data / DATABASE_NAME
    if not folder.exists() and not all(_named(config).values()):
        if database.exists():
            raise Misconfigured(
                "keys_missing",
                f"{data} holds a database, but not the keys it was written with.",
                f"Restore {folder} from its backup, or name the files in [keys].",
            )
        _make_keys(data, folder, entropy)
    if not config.storage.url:
        with suppress(FileExistsError):
            write_private(database, "")  # SQLite gives its other files the same mode


def _make_keys(data: Path, folder: Path, entropy: Entropy) -> None:
    """All keys or none: they appear with one rename."""
    fresh = data / f".keys-{secrets.token_hex(8)}"
    fresh.mkdir(mode=FOLDER_MODE)
    for name in _NAMES:
        secret = b64encode(entropy(KEY_BYTES)).decode()
        write_private(fresh / name, f"1 {secret}\n" if name == "pepper" else f"{secret}\n")
    sync_folder(fresh)
    try:
        fresh.rename(folder)
    except OSError:  # another process was first; its keys are the keys
        shutil.rmtree(fresh)
    sync_folder(data)


def _check_folder(data: Path) -> None:
    """The group may read here, where a notary of its own account finds the log; others may not."""
    if stat.S_IMODE(data.stat().st_mode) & 0o027:
        raise Misconfigured(
            "permissions_too_wide",
            f"Others may look into {data}.",
            f"Close it: chmod {FOLDER_MODE:o} {data}",
        )


def load_keyring(config: Config, entropy: Entropy) -> Keyring:
    """The keys; raises Misconfigured if one is missing, malformed or open to others."""
    named = _named(config)
    folder = config.data / "keys"
    if not all(named.values()):
        check_private(folder)
    paths = {name: Path(named[name]) if named[name] else folder / name for name in _NAMES}
    peppers = {}
    for line in read_private(paths["pepper"]).splitlines():
        version, _, secret = line.partition(" ")
        peppers[int(version) if version.isdecimal() else 0] = read_key(paths["pepper"], secret)
    if not peppers or min(peppers) < 1:
        raise malformed(paths["pepper"])
    return Keyring(
        kek=LocalKek(read_key(paths["kek"], read_private(paths["kek"])), entropy),
        peppers=Peppers(peppers),
        installation=SigningKey(
            read_key(paths["installation"], read_private(paths["installation"]))
        ),
    )


def _named(config: Config) -> dict[str, str]:
    keys = config.keys
    return {
        "kek": keys.kek_file,
        "pepper": keys.pepper_file,
        "installation": keys.installation_file,
    }
