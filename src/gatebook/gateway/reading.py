"""Reads what an agent sends: where to, with which credential, and what it asks for."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from gatebook.core.errors import Invalid, NotFound
from gatebook.formats import Call, Operation
from gatebook.identity.identify import KeyRejected
from gatebook.providers import Dialect
from gatebook.web.exchange import Exchange

STRANGER_BYTES: Final = 64 * 1024
"""As much of a body is read for a caller that nobody knows and that will be turned away."""

_ANY: Final = ""
_BELOW: Final = "/*"
_MODEL: Final = "{model}"
# Of what may be encoded only the colon is: some clients write it so. A dot or a slash that is
# encoded would be another path to whoever decodes it twice.
_MODEL_IN_PATH: Final = rb"((?:[A-Za-z0-9._:@~+-]|%3[Aa])+)"

# Where the SDKs of different vendors put their key, and our own name for it.
_GOOGLES: Final = b"x-goog-api-key"
_CREDENTIALS: Final = (b"x-gatebook-key", b"x-api-key", b"api-key", _GOOGLES)
_KEY: Final = b"key"
"""The parameter in which Google's clients may put it in place of a header; it never goes on."""
_SIGNED: Final = b"aws4-"
"""How the schemes of `Authorization` begin with which AWS clients sign."""


class Route(NamedTuple):
    """An address of a dialect: its operations by method, and the model that the path names."""

    dialect: Dialect
    operations: Mapping[str, Operation]
    model: str = ""


class Routes:
    """Which dialect and operation a raw path and a method mean.

    Where two dialects have one path, the mark of one decides; what `Host` may suggest never does.
    """

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        # Those with a mark first: where it is missing, the one without is meant.
        self._dialects = sorted(dialects, key=lambda dialect: (not dialect.MARK, dialect.NAME))
        plain: dict[bytes, list[Route]] = {}
        patterns: dict[str, list[Route]] = {}
        for dialect in self._dialects:
            for path, operations in _by_path(dialect.OPERATIONS).items():
                route = Route(dialect, operations)
                if _MODEL in path or path.endswith(_BELOW):
                    patterns.setdefault(path, []).append(route)
                else:
                    plain.setdefault(path.encode(), []).append(route)
        self._by_path = plain
        # What names less of a path is asked last.
        ordered = sorted(patterns.items(), key=lambda item: _vagueness(item[0]))
        self._by_pattern = [(_pattern(path), routes) for path, routes in ordered]

    def dialect(self, exchange: Exchange) -> Dialect:
        """The dialect in which to answer, whether or not the path is known."""
        found = self._meant(exchange)
        if found is not None:
            return found.dialect
        marked = (each for each in self._dialects if _is_marked(each, exchange))
        return next(marked, self._dialects[-1])

    def methods(self, exchange: Exchange) -> Iterable[str]:
        """The methods a path is there for."""
        found = self._meant(exchange)
        return found.operations if found else ()

    def find(self, exchange: Exchange) -> tuple[Dialect, Operation, str]:
        """What is asked for, and the model that the path names; raises NotFound or Invalid."""
        found = self._meant(exchange)
        if found is None:
            raise NotFound(
                "unknown_url",
                "There is nothing at this address.",
                "Have the client's base URL end in /v1.",
            )
        operation = found.operations.get(exchange.method) or found.operations.get(_ANY)
        if operation is None:
            allowed = ", ".join(found.operations)
            raise Invalid("method_not_allowed", "The method is not allowed.", f"Use {allowed}.")
        return found.dialect, operation, found.model

    def _meant(self, exchange: Exchange) -> Route | None:
        """Who serves a path."""
        if exchange.path in self._by_path:
            return _marked(self._by_path[exchange.path], exchange)
        for pattern, routes in self._by_pattern:
            if match := pattern.fullmatch(exchange.path):
                model = unquote_to_bytes(match[1]).decode() if pattern.groups else ""
                return _marked(routes, exchange)._replace(model=model)
        return None


def credential_of(exchange: Exchange) -> str:
    """The one credential a caller presents; raises KeyRejected unless there is exactly one."""
    headers = exchange.headers
    found = {headers[name] for name in _CREDENTIALS if name in headers}
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower().startswith(_SIGNED):
        raise KeyRejected("signed")
    if scheme:
        found.add(token.strip() if scheme.lower() == b"bearer" else b"")
    if exchange.query:
        found.update(value for name, value in _parameters(exchange.query) if name == _KEY)
    if len(found) != 1 or b"" in found:
        raise KeyRejected("malformed")
    return found.pop().decode("latin-1")


async def read_call(
    exchange: Exchange,
    dialect: Dialect,
    operation: Operation,
    limit: int,
    *,
    model: str = "",
    is_known: bool,
) -> Call:
    """The call; raises Invalid, or KeyRejected where a stranger sends too much."""
    headers = exchange.headers
    query = _without_key(exchange.query) if exchange.query else ""
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
    call = operation.format.read(
        Call(
            operation=operation,
            path=exchange.path.decode("ascii"),
            query=query,
            headers=tuple(passed),
            body=body,
            model=model,
        )
    )
    if exchange.query:
        _check_query(exchange.query, operation.query)
    return call


def _by_path(operations: Iterable[Operation]) -> dict[str, dict[str, Operation]]:
    found: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        found.setdefault(operation.path, {})[operation.method] = operation
    return found


def _marked(routes: Sequence[Route], exchange: Exchange) -> Route:
    """Of several dialects with one path, the one whose mark the agent's client sent."""
    marked = (each for each in routes if _is_marked(each.dialect, exchange))
    return next(marked, routes[-1])


def _is_marked(dialect: Dialect, exchange: Exchange) -> bool:
    if dialect.MARK in exchange.headers:
        return True
    return dialect.MARK == _GOOGLES and any(name == _KEY for name, _ in _parameters(exchange.query))


def _pattern(path: str) -> re.Pattern[bytes]:
    parts = [re.escape(part).encode() for part in path.removesuffix(_BELOW).split(_MODEL)]
    below = rb"(?:/.+)?" if path.endswith(_BELOW) else b""
    return re.compile(_MODEL_IN_PATH.join(parts) + below, re.DOTALL)


def _vagueness(path: str) -> tuple[bool, bool]:
    """The model of a path that ends with it takes in whatever may follow a colon."""
    return path.endswith(_BELOW), path.endswith(_MODEL)


def _parameters(query: bytes) -> Iterator[tuple[bytes, bytes]]:
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        yield name, value


def _without_key(query: bytes) -> str:
    """The query as it goes on; raises Invalid for what cannot stand in the line of a request."""
    parts = query.split(b"&")
    return _plain(b"&".join([part for part in parts if not part.startswith(_KEY + b"=")]))


def _check_query(query: bytes, allowed: Collection[str]) -> None:
    """Raise Invalid for a parameter that nobody has looked at."""
    for name, value in _parameters(query):
        # Some servers part them by semicolons too.
        if name.decode("latin-1") not in allowed or b";" in value:
            raise Invalid("query_refused", "A query parameter is not accepted here.")


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
