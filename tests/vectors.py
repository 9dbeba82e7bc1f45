"""Reads the language-neutral test data in `vectors/`."""

import json
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parent.parent / "vectors"


def load(name: str) -> Any:
    """The content of `vectors/<name>.json`."""
    return json.loads((_ROOT / f"{name}.json").read_text())
