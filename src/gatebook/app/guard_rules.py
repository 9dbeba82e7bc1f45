"""The rules of detection as they are shipped, and their compiled form in the data folder.

Compiling takes seconds, so what it gives is kept, sealed under a key of the installation: whoever
could write there what does not match would have taken the rules away.
"""

import logging
import os
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from gatebook import guard
from gatebook.core.envelope import Cell, DataKey
from gatebook.core.errors import Tampered
from gatebook.core.ids import Entropy
from gatebook.guard.engine import Engine
from gatebook.guard.inspect import Inspector, Layer
from gatebook.guard.layers import data_layer, threat_layer
from gatebook.guard.model import Model
from gatebook.guard.pack import Pack, read_pack
from gatebook.guard.settings import GuardSettings
from gatebook.guard.threats import Threats, read_weights

_LOG = logging.getLogger(__name__)

FOLDER = "guard"
"""Of compiled rules, in the data folder."""

EngineOf = Callable[[Pack, str], Engine]
"""Makes the engine of a part of a pack, which it is told the name of."""


def shipped_pack() -> Pack:
    """The rules that come with the program; raises Misconfigured."""
    return read_pack(dict(_texts(files(guard))))


def open_inspector(
    settings: GuardSettings, data: Path, key: DataKey, entropy: Entropy
) -> Inspector:
    """What looks at texts by the shipped rules; raises Misconfigured."""

    def engine_of(part: Pack, name: str) -> Engine:
        return open_engine(part, name, data, key, entropy)

    return Inspector(shipped_layers(shipped_pack(), engine_of, settings))


def shipped_layers(pack: Pack, engine_of: EngineOf, settings: GuardSettings) -> list[Layer]:
    """The layers that look by a pack and by the shipped model; raises Misconfigured."""
    data = pack.only("detectors")
    layers = [data_layer(data, engine_of(data, "data"))]
    if settings.attacks:
        signals = pack.only("signals")
        model, weights = (_weights(name) for name in ("threats.model", "threats.json"))
        threats = Threats(Model.read(model), read_weights(weights), signals.signals)
        digest = sha256(model + weights).hexdigest()
        layers.append(threat_layer(signals, engine_of(signals, "signals"), threats, digest))
    return layers


def open_engine(pack: Pack, part: str, data: Path, key: DataKey, entropy: Entropy) -> Engine:
    """The engine of a pack, from its compiled form if there is one that can be believed."""
    name = f"{part}-{pack.digest[:32]}-{version('hyperscan')}"
    path, cell = data / FOLDER / name, Cell(FOLDER, name, "compiled")
    patterns = [pattern.text for pattern in pack.patterns]
    heralds = [pattern.herald for pattern in pack.patterns]
    try:
        return Engine(patterns, key.unseal(path.read_bytes(), cell), heralds)
    except FileNotFoundError:
        pass
    except (OSError, Tampered) as error:
        _LOG.warning("the compiled rules in %s are made anew: %s", path, error)
    engine = Engine(patterns, heralds=heralds)
    try:
        _keep(path, key.seal(engine.dump(), cell, entropy))
    except OSError as error:
        _LOG.warning("compiled rules cannot be kept, so each start takes seconds more: %s", error)
    return engine


def _weights(name: str) -> bytes:
    return files(guard).joinpath("weights", name).read_bytes()


def _texts(folder: Traversable, path: str = "") -> list[tuple[str, str]]:
    found = []
    for each in folder.iterdir():
        if each.is_dir():
            found += _texts(each, f"{path}{each.name}/")
        elif each.name.endswith(".toml"):
            found.append((path + each.name, each.read_text("utf-8")))
    return found


def _keep(path: Path, sealed: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    new = path.with_name(f".{path.name}-{os.getpid()}")
    new.write_bytes(sealed)
    new.replace(path)  # several processes may make it at one time, and each makes the same
