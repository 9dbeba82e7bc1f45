"""Files that hold secrets: written once, readable by their owner alone, refused otherwise."""

import os
import stat
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from typing import Final

from gatebook.app.settings import KeySettings
from gatebook.core.errors import Misconfigured

KEY_BYTES: Final = 32
KEY_NAMES: Final = ("kek", "pepper", "installation")
FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


def named_files(settings: KeySettings) -> dict[str, str]:
    """The file that the settings name for each key; empty for one that is in the data folder."""
    return {
        "kek": settings.kek_file,
        "pepper": settings.pepper_file,
        "installation": settings.installation_file,
    }


def check_private(path: Path) -> None:
    """Raise Misconfigured unless the file or folder is there and closed to others."""
    try:
        status = path.stat()
    except OSError as error:
        raise Misconfigured(
            "key_unreadable", f"{path} cannot be read: {error.strerror}.", "Run: gatebook serve"
        ) from None
    if stat.S_IMODE(status.st_mode) & 0o077:
        mode = FOLDER_MODE if stat.S_ISDIR(status.st_mode) else _FILE_MODE
        raise Misconfigured(
            "permissions_too_wide",
            f"Others than its owner may look into {path}.",
            f"Close it: chmod {mode:o} {path}",
        )


def read_private(path: Path) -> str:
    """The text of a private file; raises Misconfigured if it is missing or open to others."""
    check_private(path)
    with suppress(UnicodeDecodeError):
        return path.read_text("ascii").strip()
    raise malformed(path)


def read_key(path: Path, encoded: str) -> bytes:
    """A key of 32 bytes from its base64, as found in `path`; raises Misconfigured."""
    with suppress(ValueError):
        key = b64decode(encoded, validate=True)
        if len(key) == KEY_BYTES:
            return key
    raise malformed(path)


def malformed(path: Path) -> Misconfigured:
    """What to raise when a key file holds something else."""
    return Misconfigured(
        "key_malformed", f"{path} does not hold a key of {KEY_BYTES} bytes in base64."
    )


def write_private(path: Path, text: str) -> None:
    """Write a file that is not there yet; durable once its folder is synced."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
