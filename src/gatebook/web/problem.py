"""The one table from a kind of failure to an HTTP status, and RFC 9457 problem details.

Doors that speak a vendor's protocol put the same status on that vendor's own error body.
"""

from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from gatebook.core.errors import GatebookError

Headers = list[tuple[bytes, bytes]]

_BY_KIND: Final = {
    "invalid": 400,
    "unidentified": 401,
    "refused": 403,
    "not_found": 404,
    "conflict": 409,
    "exhausted": 429,
    "unavailable": 503,
}
_ANYTHING_ELSE: Final = 500

# Where HTTP (RFC 9110, RFC 6585) has a status of its own for one particular failure.
_BY_CODE: Final = {
    "content_policy_violation": 400,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "body_too_large": 413,
    "media_type_not_supported": 415,
    "head_too_large": 431,
    "upstream_broken": 502,
    "upstream_credential_rejected": 502,
    "reply_too_large": 502,
    "upstream_timeout": 504,
}


class Answer(NamedTuple):
    """A whole response; `content-length` is added by whoever writes it."""

    status: int
    headers: Headers
    body: bytes


class _Problem(msgspec.Struct, omit_defaults=True):
    title: str
    status: int
    code: str
    detail: str
    hint: str = ""


def status_of(error: GatebookError) -> int:
    """The HTTP status of a failure."""
    return error.status or _BY_CODE.get(error.code) or _BY_KIND.get(error.kind, _ANYTHING_ELSE)


def headers_of(error: GatebookError) -> Headers:
    """Headers that say whether and when the same request is worth sending again.

    `x-should-retry` decides for the OpenAI and Anthropic SDKs, which would otherwise retry every
    408, 409, 429 and 5xx, even one that may already have been executed.
    """
    wait = error.retry_after_seconds
    if wait is None:
        headers = [(b"x-should-retry", b"false")]
    else:
        headers = [
            (b"x-should-retry", b"true"),
            (b"retry-after", b"%d" % wait),
            (b"retry-after-ms", b"%d" % (wait * 1000)),
        ]
    if error.kind == "unidentified":
        headers.append((b"www-authenticate", b"Bearer"))
    return headers


def problem(error: GatebookError) -> Answer:
    """The failure as an `application/problem+json` answer (RFC 9457)."""
    status = status_of(error)
    body = msgspec.json.encode(
        _Problem(HTTPStatus(status).phrase, status, error.code, error.detail, error.hint)
    )
    return Answer(
        status, [(b"content-type", b"application/problem+json"), *headers_of(error)], body
    )
