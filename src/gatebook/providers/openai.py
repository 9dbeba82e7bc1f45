"""OpenAI's API: chat completions and the list of models; spoken by many other servers too.

Source: OpenAI API reference and the openai-python SDK, whose reading of errors and retries is what
agents live with.
"""

from typing import Final

import msgspec

from gatebook.core.errors import GatebookError
from gatebook.formats import Operation
from gatebook.formats.chat import Chat
from gatebook.formats.models import Models

NAME: Final = "openai"
BASE_URL: Final = "https://api.openai.com/v1"
MARK: Final = b""
PASSED: Final = {
    b"openai-organization": "OpenAI-Organization",
    b"openai-project": "OpenAI-Project",
    b"idempotency-key": "Idempotency-Key",
    b"traceparent": "traceparent",
}

CHAT: Final = Operation(
    dialect=NAME,
    name="chat.completions",
    method="POST",
    path="/v1/chat/completions",
    has_body=True,
    format=Chat(),
)
MODELS: Final = Operation(
    dialect=NAME,
    name="models",
    method="GET",
    path="/v1/models",
    has_body=False,
    format=Models(),
)
OPERATIONS: Final = (CHAT, MODELS)

_ERROR_TYPES: Final = {
    "invalid": "invalid_request_error",
    "not_found": "invalid_request_error",
    "conflict": "invalid_request_error",
    "unidentified": "authentication_error",
    "refused": "permission_error",
    "exhausted": "rate_limit_error",
}


class _Error(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: str


class _Envelope(msgspec.Struct):
    error: _Error


def authorization(credential: str) -> tuple[str, str]:
    """The header that carries our credential to the provider."""
    return "Authorization", f"Bearer {credential}"


def error_body(error: GatebookError, reference: str) -> bytes:
    """A failure as `{"error": {"message", "type", "param", "code"}}`; headers name the entry."""
    del reference
    kind = _ERROR_TYPES.get(error.kind, "server_error")
    return msgspec.json.encode(_Envelope(_Error(str(error), kind, None, error.code)))
