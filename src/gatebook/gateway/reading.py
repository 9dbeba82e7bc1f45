"""Reads what an agent sends: where to, with which credential, and what it asks for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from gatebook.core.errors import Invalid, NotFound
from gatebook.identity.identify import KeyRejected
from gatebook.providers import Call, Dialect, Operation
from gatebook.web.exchange import Exchange

STRANGER_BYTES: Final = 64 * 1024
"""As much of a body is read for a caller that nobody knows and that will be turned away."""

# Where the SDKs of different vendors put their key, and our own name for it.
_CREDENTIALS: Final = (b"x-gatebook-key", b"x-api-key", b"api-key", b"x-goog-api-key")


class Routes:
    """Which dialect and operation a raw path and a method mean.

    Where two dialects have one path, the mark of one decides; what `Host` may suggest never does.
    """

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        # Those with a mark first: where it is missing, the one without is meant.
        self._dialects = sorted(dialects, key=lambda dialect: (not dialect.MARK, dialect.NAME))
        self._by_path: dict[bytes, list[tuple[Dialect, Mapping[str, Operation]]]] = {}
        for dialect in self._dialects:
            for path, operations in dialect.OPERATIONS.items():
                self._by_path.setdefault(path, []).append((dialect, operations))

    def dialect(self, exchange: Exchange) -> Dialect:
        """The dialect in which to answer, whether or not the path is known."""
        found = self._meant(exchange)
        if found is not None:
            return found[0]
        marked = (each for each in self._dialects if each.MARK in exchange.headers)
        return next(marked, self._dialects[-1])

    def methods(self, exchange: Exchange) -> Iterable[str]:
        """The methods a path is there for."""
        found = self._meant(exchange)
        return found[1] if found else ()

    def find(self, exchange: Exchange) -> tuple[Dialect, Operation]:
        """What is asked for; raises NotFound or Invalid."""
        found = self._meant(exchange)
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

    def _meant(self, exchange: Exchange) -> tuple[Dialect, Mapping[str, Operation]] | None:
        """Who serves a path: of several, the one whose mark the agent's client sent."""
        candidates = self._by_path.get(exchange.path, [])
        for found in candidates:
            if found[0].MARK in exchange.headers or found is candidates[-1]:
                return found
        return None


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
    headers = exchange.headers
    query = _query(exchange.query, operation.query) if exchange.query else ""
    passed = [
        (name, _plain(headers[key])) for key, name in dialect.PASSED.items() if key in headers
    ]
    body = b""
    if operation.has_body:
        _check_media_type(headers)
        if is_known:
            body = await exchange.body(limit, _too_large(limit))
        else:
            body = await exchange.body(STRANGER_BYTES, KeyRejected("unknown"))
    call = dialect.read(operation, body)
    return replace(call, headers=tuple(passed), query=query) if passed or query else call


def _query(query: bytes, allowed: Collection[str]) -> str:
    """The query as it goes on; raises Invalid for a parameter that nobody has looked at."""
    text = _plain(query)
    for part in text.replace(";", "&").split("&"):  # some servers part them so
        name = part.partition("=")[0]
        if name not in allowed:
            raise Invalid("query_refused", "A query parameter is not accepted here.")
    return text


def _check_media_type(headers: Mapping[bytes, bytes]) -> None:
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != b"application/json" or b"content-encoding" in headers:
        raise Invalid(
            "media_type_not_supported",
            "The body has to be JSON, uncompressed.",
            "Send Content-Type: application/json.",
        )


def _plain(value: bytes) -> str:
    text = value.decode("latin-1")
    if not text.isascii() or not text.isprintable():
        raise Invalid("header_refused", "A header value holds unusual characters.")
    return text


def _too_large(limit: int) -> Invalid:
    return Invalid("body_too_large", f"The body may have {limit} bytes at most.", "Send less.")
