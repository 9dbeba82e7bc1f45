"""Makes the data folder and its keys, once.

A second run changes nothing. All keys are made together or not at all: a missing key beside a
database that needs it is an error, because a fresh one would open nothing.
"""

import secrets
import shutil
import stat
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

from gatebook.app.config import DATABASE_NAME, Config
from gatebook.app.key_files import (
    FOLDER_MODE,
    KEY_BYTES,
    KEY_NAMES,
    named_files,
    write_private,
)
from gatebook.core.errors import Misconfigured
from gatebook.core.ids import Entropy
from gatebook.storage.folder import sync_folder


def create(config: Config, entropy: Entropy) -> None:
    """Make what is missing of data folder and keys; raises Misconfigured if that would be wrong."""
    data = config.data
    data.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    _check_folder(data)
    folder, database = data / "keys", data / DATABASE_NAME
    if not folder.exists() and not all(named_files(config.keys).values()):
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
    for name in KEY_NAMES:
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
