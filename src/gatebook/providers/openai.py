"""OpenAI's API where bodies and replies are JSON; its chat completions are spoken by many servers.

Source: OpenAI API reference and the openai-python SDK, whose reading of errors and retries is what
agents live with.
"""

from typing import Final

from msgspec.structs import replace

from gatebook.core.errors import GatebookError
from gatebook.formats import Format, Meter, Operation
from gatebook.formats.chat import Chat, Completions
from gatebook.formats.closed import Closed
from gatebook.formats.embeddings import Embeddings
from gatebook.formats.images import Images
from gatebook.formats.models import Model, Models, joined
from gatebook.formats.moderations import Moderations
from gatebook.formats.responses import Responses
from gatebook.providers import openai_error

NAME: Final = "openai"
BASE_URL: Final = "https://api.openai.com/v1"
MARK: Final = b""
PASSED: Final = {
    b"openai-organization": "OpenAI-Organization",
    b"openai-project": "OpenAI-Project",
    b"idempotency-key": "Idempotency-Key",
    b"traceparent": "traceparent",
}

_BASE: Final = "/v1"
_OPAQUE: Final = (
    "audio/*",
    "images/*",
    "live/*",
    "realtime/*",
    "responses/compact",
    "videos/*",
)
_ACCOUNT: Final = (
    "agents/*",
    "assistants/*",
    "batches/*",
    "chat/completions/*",
    "chatkit/*",
    "containers/*",
    "conversations/*",
    "evals/*",
    "files/*",
    "fine_tuning/*",
    "organization/*",
    "projects/*",
    "responses/*",
    "skills/*",
    "threads/*",
    "uploads/*",
    "vaults/*",
    "vector_stores/*",
)


def _operation(
    path: str, format_: Format, method: str = "POST", name: str = "", *, meter: Meter = "tokens"
) -> Operation:
    """An operation, named after its path unless it has a name."""
    return Operation(
        dialect=NAME,
        name=name or path.removesuffix("/*").replace("/", "."),
        method=method,
        path=f"{_BASE}/{path}",
        has_body=method == "POST",
        format=format_,
        base=_BASE,
        meter=meter,
    )


CHAT: Final = _operation("chat/completions", Chat())
COMPLETIONS: Final = _operation("completions", Completions())
RESPONSES: Final = _operation("responses", Responses(may_answer=True))
COUNT: Final = _operation("responses/input_tokens", Responses(may_answer=False), meter="free")
EMBEDDINGS: Final = _operation("embeddings", Embeddings())
MODERATIONS: Final = _operation("moderations", Moderations(), meter="free")
IMAGES: Final = _operation("images/generations", Images(), meter="other")
MODELS: Final = replace(_operation("models", Models(), "GET", meter="free"), join=joined)
MODEL: Final = _operation("models/{model}", Model(), "GET", "models.retrieve", meter="free")
OPERATIONS: Final = (
    CHAT,
    COMPLETIONS,
    RESPONSES,
    COUNT,
    EMBEDDINGS,
    MODERATIONS,
    IMAGES,
    MODELS,
    MODEL,
    *[_operation(path, Closed("not_inspectable"), "") for path in _OPAQUE],
    *[_operation(path, Closed("account_wide"), "") for path in _ACCOUNT],
)


def authorization(credential: str) -> tuple[str, str]:
    """The header that carries our credential to the provider."""
    return "Authorization", f"Bearer {credential}"


def status(error: GatebookError, usual: int) -> int:
    """The usual one: this vendor's clients are told by a header what to send again."""
    del error
    return usual


def error_body(error: GatebookError, reference: str) -> bytes:
    """A failure as `{"error": {"message", "type", "param", "code"}}`; headers name the entry."""
    del reference
    return openai_error(error)
