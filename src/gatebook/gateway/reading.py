"""Reads what an agent sends: where to, with which credential, and what it asks for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gatebook.core.errors import Invalid, NotFound
from gatebook.identity.identify import KeyRejected
from gatebook.providers import Call, Dialect, Operation
from gatebook.web.exchange import Exchange

STRANGER_BYTES: Final = 64 * 1024
"""As much of a body is read for a caller that nobody knows and that will be turned away."""

# Where the SDKs of different vendors put their key, and our own name for it.
_CREDENTIALS: Final = (b"x-gatebook-key", b"x-api-key", b"api-key", b"x-goog-api-key")


class Routes:
    """Which dialect and operation a path and a method mean; decided on the raw path alone."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._default = dialects[0]
        self._by_path: dict[bytes, tuple[Dialect, Mapping[str, Operation]]] = {
            path: (dialect, operations)
            for dialect in dialects
            for path, operations in dialect.OPERATIONS.items()
        }

    def dialect(self, path: bytes) -> Dialect:
        """The dialect in which to answer on a path, known or not."""
        return self._by_path.get(path, (self._default, {}))[0]

    def methods(self, path: bytes) -> Iterable[str]:
        """The methods a path is there for."""
        return self._by_path.get(path, (self._default, {}))[1]

    def find(self, exchange: Exchange) -> tuple[Dialect, Operation]:
        """What is asked for; raises NotFound or Invalid."""
        found = self._by_path.get(exchange.path)
        if found is None:
            raise NotFound(
                "unknown_url",
                "There is nothing at this address.",
                "Have the client's base URL end in /v1.",
            )
        dialect, operations = found
        operation = operations.get(exchange.method)
        if operation is None:
            allowed = ", ".join(operations)
            raise Invalid("method_not_allowed", "The method is not allowed.", f"Use {allowed}.")
        return dialect, operation


def credential_of(headers: Mapping[bytes, bytes]) -> str:
    """The one credential a caller presents; raises KeyRejected unless there is exactly one."""
    found = {headers[name] for name in _CREDENTIALS if name in headers}
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme:
        found.add(token.strip() if scheme.lower() == b"bearer" else b"")
    if len(found) != 1 or b"" in found:
        raise KeyRejected("malformed")
    return found.pop().decode("latin-1")


async def read_call(
    exchange: Exchange, dialect: Dialect, operation: Operation, limit: int, *, is_known: bool
) -> Call:
    """The call; raises Invalid, or KeyRejected where a stranger sends too much."""
    if exchange.query:
        raise Invalid("query_refused", "Query parameters are not accepted here.")
    body = b""
    if operation.has_body and is_known:
        body = await exchange.body(limit, _too_large(limit))
    elif operation.has_body:
        body = await exchange.body(STRANGER_BYTES, KeyRejected("unknown"))
    return dialect.read(operation, exchange.headers, body)


def _too_large(limit: int) -> Invalid:
    return Invalid("body_too_large", f"The body may have {limit} bytes at most.", "Send less.")
