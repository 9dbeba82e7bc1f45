"""The keys of an installation, read from their files; keys that others may read are refused."""

from hmac import digest
from pathlib import Path
from typing import Final, NamedTuple

from gatebook.app.config import Config
from gatebook.app.key_files import (
    KEY_NAMES,
    check_private,
    malformed,
    named_files,
    read_key,
    read_private,
)
from gatebook.core.envelope import PLATFORM, DataKey, LocalKek
from gatebook.core.ids import Entropy
from gatebook.identity.keys import Peppers
from gatebook.ledger.ed25519 import SigningKey

_STOPS: Final = b"gatebook.dev/stops/v1\n"
_RULES: Final = b"gatebook.dev/compiled-rules/v1\n"


class Keyring(NamedTuple):
    """The keys of an installation, in memory."""

    kek: LocalKek
    peppers: Peppers
    installation: SigningKey
    stops: DataKey
    """Seals orders to stop; made from the seed that is on every machine, as they need no other."""
    rules: DataKey
    """Seals the compiled rules of the guard; made from the seed too."""


def load_keyring(config: Config, entropy: Entropy) -> Keyring:
    """The keys; raises Misconfigured if one is missing, malformed or open to others."""
    named = named_files(config.keys)
    folder = config.data / "keys"
    if not all(named.values()):
        check_private(folder)
    paths = {name: Path(named[name]) if named[name] else folder / name for name in KEY_NAMES}
    peppers = {}
    for line in read_private(paths["pepper"]).splitlines():
        version, _, secret = line.partition(" ")
        peppers[int(version) if version.isdecimal() else 0] = read_key(paths["pepper"], secret)
    if not peppers or min(peppers) < 1:
        raise malformed(paths["pepper"])
    seed = read_key(paths["installation"], read_private(paths["installation"]))
    return Keyring(
        kek=LocalKek(read_key(paths["kek"], read_private(paths["kek"])), entropy),
        peppers=Peppers(peppers),
        installation=SigningKey(seed),
        stops=DataKey("stops", PLATFORM, digest(seed, _STOPS, "sha256")),
        rules=DataKey("rules", PLATFORM, digest(seed, _RULES, "sha256")),
    )
