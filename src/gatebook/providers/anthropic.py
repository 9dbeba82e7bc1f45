"""Anthropic's API: messages, the counting of their tokens, and the list of models.

Source: Anthropic API reference and the anthropic-sdk-python package, whose reading of errors and
retries is what agents live with.
"""

from typing import Final

import msgspec

from gatebook.core.errors import GatebookError
from gatebook.formats import Operation
from gatebook.formats.closed import Closed
from gatebook.formats.messages import Messages
from gatebook.formats.models import Model, Models

NAME: Final = "anthropic"
BASE_URL: Final = "https://api.anthropic.com"
MARK: Final = b"anthropic-version"
PASSED: Final = {
    b"anthropic-version": "anthropic-version",
    b"anthropic-beta": "anthropic-beta",
    b"idempotency-key": "Idempotency-Key",
    b"traceparent": "traceparent",
}

_BETA: Final = frozenset(("beta",))
MESSAGES: Final = Operation(
    dialect=NAME,
    name="messages",
    method="POST",
    path="/v1/messages",
    has_body=True,
    format=Messages(may_stream=True),
    query=_BETA,
)
COUNT: Final = Operation(
    dialect=NAME,
    name="messages.count_tokens",
    method="POST",
    path="/v1/messages/count_tokens",
    has_body=True,
    format=Messages(may_stream=False),
    query=_BETA,
    meter="free",
)
MODELS: Final = Operation(
    dialect=NAME,
    name="models",
    method="GET",
    path="/v1/models",
    has_body=False,
    format=Models(),
    query=_BETA | {"limit", "after_id", "before_id"},
    meter="free",
)
MODEL: Final = Operation(
    dialect=NAME,
    name="models.retrieve",
    method="GET",
    path="/v1/models/{model}",
    has_body=False,
    format=Model(),
    query=_BETA,
    meter="free",
)
_ACCOUNT: Final = (
    "agents",
    "compliance",
    "deployment_runs",
    "deployments",
    "dreams",
    "environments",
    "files",
    "memory_stores",
    "messages/batches",
    "organizations",
    "sessions",
    "skills",
    "tunnels",
    "user_profiles",
    "vaults",
)
_CLOSED: Final = [
    Operation(
        dialect=NAME,
        name=path.replace("/", "."),
        method="",
        path=f"/v1/{path}/*",
        has_body=False,
        format=Closed("account_wide"),
    )
    for path in _ACCOUNT
]
OPERATIONS: Final = (MESSAGES, COUNT, MODELS, MODEL, *_CLOSED)

_ERROR_TYPES: Final = {
    "invalid": "invalid_request_error",
    "conflict": "invalid_request_error",
    "not_found": "not_found_error",
    "unidentified": "authentication_error",
    "refused": "permission_error",
    "exhausted": "rate_limit_error",
}
_OVERLOADED: Final = 529
_ERROR_TYPES_BY_CODE: Final = {
    "body_too_large": "request_too_large",
    "insufficient_quota": "billing_error",
    "upstream_timeout": "timeout_error",
    "upstream_unavailable": "overloaded_error",
}


class _Error(msgspec.Struct):
    type: str
    message: str
    code: str


class _Envelope(msgspec.Struct):
    type: str
    error: _Error
    request_id: str | None


def authorization(credential: str) -> tuple[str, str]:
    """The header that carries our credential to the provider."""
    return "x-api-key", credential


def status(error: GatebookError, usual: int) -> int:
    """The usual one, but for what this vendor calls overloaded."""
    return _OVERLOADED if error.code == "upstream_unavailable" else usual


def error_body(error: GatebookError, reference: str) -> bytes:
    """A failure as `{"type": "error", "error": {"type", "message", "code"}, "request_id"}`."""
    kind = _ERROR_TYPES_BY_CODE.get(error.code) or _ERROR_TYPES.get(error.kind, "api_error")
    said = _Error(kind, str(error), error.code)
    return msgspec.json.encode(_Envelope("error", said, reference or None))
