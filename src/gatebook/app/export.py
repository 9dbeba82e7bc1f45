"""A folder to hand out: one log as it was last signed, and the keys it is to be checked with.

It holds exactly the files that the checkpoint's size needs, as tlog-tiles lays them out, and
policy.txt (C2SP tlog-policy). Tools that we did not write can read it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from gatebook.app.config import Config
from gatebook.app.notary_pin import NotaryPin
from gatebook.core.errors import Conflict, NotFound, Unavailable
from gatebook.ledger.merkle import HASH_BYTES
from gatebook.ledger.note import VerifierKey
from gatebook.ledger.statement import CHECKPOINT, POLICY
from gatebook.ledger.tiles import TileSource, decode_bundle, encode_bundle, files
from gatebook.ledger.trust import Log, Trust, format_policy
from gatebook.storage.folder import LogFolder


class Exported(NamedTuple):
    """What was handed out."""

    origin: str
    size: int
    files: int


def export_log(config: Config, slug: str, target: Path) -> Exported:
    """Export the log of an organization, or `platform`; raises NotFound before it is published."""
    origin = f"{config.ledger.origin}/{slug}"
    keys = NotaryPin(config.data / "keys" / "notary").keys(origin)
    if keys is None:
        raise NotFound("log_unpublished", "Nothing has been published yet.", _START)
    return export(LogFolder(config.data / "log" / origin), keys, target)


def export(source: TileSource, keys: Iterable[VerifierKey], target: Path) -> Exported:
    """Write the log of `source` into `target`, which is made and has to be new or empty."""
    raw = source.read(CHECKPOINT)
    if raw is None:
        raise NotFound("log_unpublished", "This log has not been published yet.", _START)
    policy = format_policy([Log(key) for key in keys])
    head = Trust.parse(policy).check(raw).checkpoint
    if target.exists() and any(target.iterdir()):
        raise Conflict("target_exists", f"{target} is not empty.", "Name a new folder.")
    count = 0
    try:
        for path in files(head.size):
            _write(target / path, _read(source, path))
            count += 1
        _write(target / POLICY, policy)
        _write(target / CHECKPOINT, raw)
    except OSError as error:
        raise Unavailable(
            "target_unavailable", f"{target} cannot be written: {error.strerror}."
        ) from error
    return Exported(head.origin, head.size, count + 2)


def _read(source: TileSource, path: str) -> bytes:
    """A file of the log; a partial one that is gone is cut from the full one (tlog-tiles)."""
    data = source.read(path)
    full, partial, width = path.partition(".p/")
    if data is None and partial:
        whole = source.read(full)
        if whole is not None and full.startswith("tile/entries/"):
            data = encode_bundle(decode_bundle(whole)[: int(width)])
        elif whole is not None:
            data = whole[: int(width) * HASH_BYTES]
    if data is None:
        raise NotFound("tile_missing", f"{path} is missing from the published log.", _START)
    return data


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


_START: Final = "See that the integrator runs: it writes the log again from the database."
