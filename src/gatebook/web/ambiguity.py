"""Heads of requests that two readers, such as a proxy and we, could read differently.

Whoever permits what one of them understood serves what the other one did (request smuggling: RFC
9112, 11.2). What the parser cannot read at all never comes here.
"""

import re
from collections.abc import Sequence
from typing import Final

from gatebook.core.errors import GatebookError, Invalid

# More than one of these, and two readers may each believe another one.
_ONCE: Final = frozenset(
    (
        *(b"host", b"content-length", b"content-type", b"content-encoding", b"transfer-encoding"),
        *(b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"x-gatebook-key"),
        *(b"openai-organization", b"openai-project", b"idempotency-key", b"traceparent"),
        *(b"anthropic-version", b"anthropic-beta"),
    )
)
_LENGTH_DIGITS: Final = 19
"""As many as the largest length of 64 bits has; zeros in front can make it any number of them."""
# What one reader of a path resolves, decodes, drops or refuses, and another one does not: no path
# of ours needs it, every path filter fears it.
_UNCLEAR: Final = re.compile(
    rb"//|/\.{1,2}(?:/|\Z)"  # parts that are empty, or that move about (RFC 3986, 5.2.4)
    rb"|[^!-~]|[\\\"<>^`{|}]"  # no characters of a path (RFC 3986, 3.3)
    rb"|%(?![0-9a-f]{2})"  # no encoding
    rb"|%(?:[01][0-9a-f]|7f|2[5ef]|5c)",  # a control, percent sign, dot, slash or backslash
    re.IGNORECASE,
)


def ambiguity(
    target: bytes, headers: Sequence[tuple[bytes, bytes]], version: str
) -> GatebookError | None:
    """Why a request is refused; names of headers are in lower case."""
    return _of_target(target) or _of_fields(headers) or _of_framing(dict(headers), version)


def http_malformed() -> GatebookError:
    """It cannot be read, or not in one way only."""
    return Invalid("http_malformed", "This is not an HTTP/1 request.")


def _of_target(target: bytes) -> GatebookError | None:
    if not target.startswith(b"/"):
        return Invalid("target_refused", "The request target has to begin with a slash.")
    if b"#" in target or _UNCLEAR.search(target.partition(b"?")[0]):
        return Invalid("target_refused", "The path is one that not everybody reads alike.")
    return None


def _of_fields(headers: Sequence[tuple[bytes, bytes]]) -> GatebookError | None:
    names = [name for name, _ in headers]
    unique = set(names)
    if b"host" not in unique:
        return Invalid("host_missing", "The Host header is missing.")
    if len(unique) < len(names):
        twice = [name for name in _ONCE & unique if names.count(name) > 1]
        if twice:
            return Invalid("header_twice", f"The header {twice[0].decode()} came twice.")
    return None


def _of_framing(headers: dict[bytes, bytes], version: str) -> GatebookError | None:
    """Where the body ends: by its length, or chunked and in no other coding besides."""
    if len(headers.get(b"content-length", b"")) > _LENGTH_DIGITS:
        return Invalid(
            "length_refused",
            f"The Content-Length has more than {_LENGTH_DIGITS} digits.",
            "Write it without zeros in front.",
        )
    coding = headers.get(b"transfer-encoding")
    if version == "1.1" and (coding is None or coding.lower() == b"chunked"):
        return None
    return None if version == "1.0" and coding is None else http_malformed()
