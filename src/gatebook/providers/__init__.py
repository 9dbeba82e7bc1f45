"""How each model vendor speaks on the wire: bytes from an agent to a Call, failures to its errors.

Promises: what is not acted on keeps its bytes; what cannot be read is refused, never passed on;
nothing here does input or output. Each module is one vendor and satisfies `Dialect`.
Read `openai.py` first. To add a vendor: one module, and recorded exchanges in `vectors/providers/`.
"""

import re
from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Protocol, runtime_checkable

import msgspec

from gatebook.core import json_text
from gatebook.core.errors import GatebookError, Invalid, Unavailable

_MODELS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_MODEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}")


class _Model(msgspec.Struct):
    id: str


_MODEL_ID: Final = msgspec.json.Decoder(_Model)


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Something a vendor's interface can be asked to do, and where.

    `query` names the parameters that may stand behind the path; they pass as they are.
    """

    name: str
    method: str
    path: str
    has_body: bool
    query: frozenset[str] = frozenset()


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent asks for, read and understood; `body` is as it may leave."""

    dialect: str
    operation: Operation
    model: str = ""
    streamed: bool = False
    hides_usage: bool = False
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""


class Usage(msgspec.Struct, frozen=True):
    """Tokens as the provider reported them; 0 where it reported none."""

    tokens_in: int = 0
    tokens_out: int = 0


class Stream(Protocol):
    """Follows one streamed reply: takes the provider's bytes, gives those the agent may have."""

    usage: Usage
    chunks: int
    """Events with content that came so far."""
    is_complete: bool
    """The provider said that this was all."""
    has_failed: bool
    """The provider reported an error in the stream."""

    def feed(self, data: bytes) -> bytes:
        """What may go on to the agent now; raises Unavailable for what cannot be read."""
        ...

    def end(self) -> bytes:
        """What is still to go on once the outcome is recorded."""
        ...


@runtime_checkable
class Dialect(Protocol):
    """A module of this package."""

    NAME: ClassVar[str]
    BASE_URL: ClassVar[str]
    """Where the vendor itself is, as its SDK takes it."""
    OPERATIONS: ClassVar[Mapping[bytes, Mapping[str, Operation]]]
    """By path, then by method."""
    MARK: ClassVar[bytes]
    """A header that tells this dialect from another one on the same path; empty: what is left."""
    PASSED: ClassVar[Mapping[bytes, str]]
    """What an agent may say to the provider beside the body, by lower-case name: its own
    credentials, hop-by-hop fields and everything else stay here."""

    def read(self, operation: Operation, body: bytes) -> Call:
        """The call an agent makes; raises Invalid."""
        ...

    def authorization(self, credential: str) -> tuple[str, str]:
        """The header that carries our credential to the provider."""
        ...

    def usage(self, body: bytes) -> Usage:
        """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
        ...

    def delivered(self, call: Call, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """A whole reply as the agent may have it."""
        ...

    def stream(self, call: Call) -> Stream:
        """The follower of a streamed reply."""
        ...

    def error_body(self, error: GatebookError, reference: str) -> bytes:
        """A failure in the vendor's own shape; `reference` names the entry, if there is one."""
        ...

    def error_event(self, error: GatebookError, reference: str) -> bytes:
        """A failure in the middle of a stream."""
        ...


def check_model(name: str) -> None:
    """Raise Invalid for what no vendor calls a model: its name stands in the book as it is."""
    if not _MODEL.fullmatch(name):
        raise Invalid(
            "invalid_model",
            "The model's name is empty, too long or has unusual characters.",
            "Letters, digits and . _ : / @ + - are allowed, 128 at most.",
        )


def visible_models(body: bytes, may_see: Callable[[str], bool]) -> bytes:
    """A list of models, `{"data": [{"id": ...}, ...]}`, without those an agent may not call.

    Everything else keeps its bytes. Raises Unavailable for what cannot be read.
    """
    try:
        span = json_text.members(body)["data"]
        models = _MODELS.decode(body[span.start : span.end])
        kept = [bytes(raw) for raw in models if may_see(_MODEL_ID.decode(raw).id)]
    except (Invalid, KeyError, msgspec.DecodeError):
        raise unreadable() from None
    return json_text.replaced(body, span, b"[" + b",".join(kept) + b"]")


def unreadable() -> Unavailable:
    """What to raise when a provider's reply cannot be understood."""
    return Unavailable(
        "upstream_broken",
        "The provider's reply cannot be read.",
        "See whether the provider has an outage; the call may have been executed.",
    )
