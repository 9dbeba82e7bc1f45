"""How each model vendor speaks on the wire: bytes from an agent to a Call, failures to its errors.

Promises: what is not acted on keeps its bytes; what cannot be read is refused, never passed on;
nothing here does input or output. Each module is one vendor and satisfies `Dialect`.
Read `openai.py` first. To add a vendor: one module, and recorded exchanges in `vectors/providers/`.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol, runtime_checkable

import msgspec

from gatebook.core.errors import GatebookError


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Something a vendor's interface can be asked to do, and where."""

    name: str
    method: str
    path: str
    has_body: bool


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent asks for, read and understood; `body` is as it may leave."""

    dialect: str
    operation: Operation
    model: str = ""
    streamed: bool = False
    hides_usage: bool = False
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


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
    OPERATIONS: ClassVar[Mapping[bytes, Mapping[str, Operation]]]
    """By path, then by method."""

    def read(self, operation: Operation, headers: Mapping[bytes, bytes], body: bytes) -> Call:
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

    def error_body(self, error: GatebookError) -> bytes:
        """A failure in the vendor's own shape."""
        ...

    def error_event(self, error: GatebookError) -> bytes:
        """A failure in the middle of a stream."""
        ...
