"""The detectors that ship, and an engine that has their patterns; compiled once."""

from importlib.resources import files

import pytest

from gatebook.guard.engine import Engine
from gatebook.guard.pack import Pack, read_pack


def detector_files() -> dict[str, str]:
    """What `read_pack` takes."""
    folder = files("gatebook.guard").joinpath("detectors")
    return {f"detectors/{file.name}": file.read_text() for file in folder.iterdir()}


@pytest.fixture(scope="session")
def pack() -> Pack:
    return read_pack(detector_files())


@pytest.fixture(scope="session")
def engine(pack: Pack) -> Engine:
    return engine_of(pack)


def engine_of(pack: Pack) -> Engine:
    """With the patterns of a pack."""
    patterns = pack.patterns
    return Engine(
        [pattern.text for pattern in patterns],
        heralds=[pattern.herald for pattern in patterns],
    )
