"""How a vendor speaks on the wire: one module in `providers` and its recorded exchanges."""

import re

FOLDER = "src/gatebook/providers"
ID = re.compile(r"[a-z][a-z0-9]*")
EXAMPLE = "cohere"

_MODULE = '''\
"""What this vendor's API offers, in one line.

Source: the vendor's API reference and the reading of it in the vendor's own SDK.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from gatebook.core.errors import GatebookError
from gatebook.formats import Operation

NAME: Final = "{id}"
BASE_URL: Final = "https://api.example.com"
MARK: Final = b""
PASSED: Final[Mapping[bytes, str]] = {{}}
OPERATIONS: Final[Sequence[Operation]] = ()


def authorization(credential: str) -> tuple[str, str]:
    """The header that carries our credential to the provider."""
    raise NotImplementedError


def status(error: GatebookError, usual: int) -> int:
    """The HTTP status of a failure."""
    return usual


def error_body(error: GatebookError, reference: str) -> bytes:
    """A failure in the vendor's own shape."""
    raise NotImplementedError
'''

_TEST = '''\
"""What is read of {id}'s wire format, and what keeps its bytes."""

from pathlib import Path

from gatebook.providers import {id}

RECORDED = Path(__file__).parents[3] / "vectors" / "providers" / {id}.NAME


def test_{id}_has_an_operation_and_a_recorded_exchange_for_each() -> None:
    recorded = {{path.stem for path in RECORDED.glob("*.json")}}
    named = {{operation.name for operation in {id}.OPERATIONS}}
    assert named
    assert named <= recorded
'''


def files(id_: str) -> dict[str, str]:
    """The module, and a test that fails until there are operations and recordings of them."""
    return {
        f"{FOLDER}/{id_}.py": _MODULE.format(id=id_),
        f"tests/unit/providers/test_{id_}.py": _TEST.format(id=id_),
    }
