"""How a vendor speaks on the wire: one module in `providers` and its recorded exchanges."""

import re

FOLDER = "src/gatebook/providers"
ID = re.compile(r"[a-z][a-z0-9]*")
EXAMPLE = "gemini"

_MODULE = '''\
"""What this vendor's API offers, in one line.

Source: the vendor's API reference and the reading of it in the vendor's own SDK.
"""

from collections.abc import Callable, Mapping
from typing import Final

from gatebook.core.errors import GatebookError
from gatebook.providers import Call, Operation, Stream, Usage

NAME: Final = "{id}"
BASE_URL: Final = "https://api.example.com"
MARK: Final = b""
PASSED: Final[Mapping[bytes, str]] = {{}}
OPERATIONS: Final[Mapping[bytes, Mapping[str, Operation]]] = {{}}


def read(operation: Operation, body: bytes) -> Call:
    """The call an agent makes; raises Invalid."""
    raise NotImplementedError


def authorization(credential: str) -> tuple[str, str]:
    """The header that carries our credential to the provider."""
    raise NotImplementedError


def usage(body: bytes) -> Usage:
    """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
    raise NotImplementedError


def delivered(call: Call, body: bytes, may_see: Callable[[str], bool]) -> bytes:
    """A whole reply as the agent may have it."""
    raise NotImplementedError


def stream(call: Call) -> Stream:
    """The follower of a streamed reply."""
    raise NotImplementedError


def error_body(error: GatebookError, reference: str) -> bytes:
    """A failure in the vendor's own shape."""
    raise NotImplementedError


def error_event(error: GatebookError, reference: str) -> bytes:
    """A failure in the middle of a stream."""
    raise NotImplementedError
'''

_TEST = '''\
"""What is read of {id}'s wire format, and what keeps its bytes."""

from pathlib import Path

from gatebook.providers import {id}

RECORDED = Path(__file__).parents[3] / "vectors" / "providers" / {id}.NAME


def test_{id}_has_an_operation_and_a_recorded_exchange_for_each() -> None:
    recorded = {{path.stem for path in RECORDED.glob("*.json")}}
    named = {{op.name for methods in {id}.OPERATIONS.values() for op in methods.values()}}
    assert named
    assert named <= recorded
'''


def files(id_: str) -> dict[str, str]:
    """The module, and a test that fails until there are operations and recordings of them."""
    return {
        f"{FOLDER}/{id_}.py": _MODULE.format(id=id_),
        f"tests/unit/providers/test_{id_}.py": _TEST.format(id=id_),
    }
