"""Azure OpenAI: OpenAI's formats at a resource of one's own, where the path names the deployment.

Source: Azure OpenAI REST API reference and `AzureOpenAI` of the openai-python package. A deployment
has the name its owner gave it, and that is the model here; the newer addresses, below `/openai/v1`,
have it in the body, as OpenAI's do.
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
from gatebook.formats.responses import Responses
from gatebook.providers import openai_error

NAME: Final = "azure"
BASE_URL: Final = ""
MARK: Final = b""
PASSED: Final = {b"idempotency-key": "Idempotency-Key", b"traceparent": "traceparent"}

_ROOT: Final = "/openai"
_VERSION: Final = frozenset(("api-version",))
_OPAQUE: Final = ("audio/*", "images/*", "realtime/*", "responses/compact", "videos/*")
_ACCOUNT: Final = (
    "assistants/*",
    "batches/*",
    "chat/completions/*",
    "containers/*",
    "conversations/*",
    "deployments/*",
    "evals/*",
    "files/*",
    "fine_tuning/*",
    "responses/*",
    "threads/*",
    "uploads/*",
    "vector_stores/*",
)


def _operation(
    path: str, format_: Format, method: str = "POST", name: str = "", *, meter: Meter = "tokens"
) -> Operation:
    """An operation, named after the end of its path unless it has a name."""
    end = path.removeprefix("v1/").removeprefix("deployments/{model}/").removesuffix("/*")
    return Operation(
        dialect=NAME,
        name=name or end.replace("/", "."),
        method=method,
        path=f"{_ROOT}/{path}",
        has_body=method == "POST",
        format=format_,
        query=_VERSION,
        meter=meter,
    )


CHAT: Final = _operation("deployments/{model}/chat/completions", Chat())
RESPONSES: Final = _operation("responses", Responses(may_answer=True))
# The newer addresses first: what is asked here and by nobody's client needs no version there.
OPERATIONS: Final = (
    _operation("v1/chat/completions", Chat()),
    _operation("v1/completions", Completions()),
    _operation("v1/embeddings", Embeddings()),
    _operation("v1/images/generations", Images(), meter="other"),
    _operation("v1/responses", Responses(may_answer=True)),
    replace(_operation("v1/models", Models(), "GET", meter="free"), join=joined),
    _operation("v1/models/{model}", Model(), "GET", "models.retrieve", meter="free"),
    CHAT,
    _operation("deployments/{model}/completions", Completions()),
    _operation("deployments/{model}/embeddings", Embeddings()),
    _operation("deployments/{model}/images/generations", Images(), meter="other"),
    RESPONSES,
    replace(_operation("models", Models(), "GET", meter="free"), join=joined),
    _operation("deployments/{model}/audio/*", Closed("not_inspectable"), ""),
    _operation("deployments/{model}/images/*", Closed("not_inspectable"), ""),
    *[_operation(path, Closed("not_inspectable"), "") for path in _OPAQUE],
    *[_operation(path, Closed("account_wide"), "") for path in _ACCOUNT],
    *[_operation(f"v1/{path}", Closed("not_inspectable"), "") for path in _OPAQUE],
    *[_operation(f"v1/{path}", Closed("account_wide"), "") for path in _ACCOUNT],
)


def authorization(credential: str) -> tuple[str, str]:
    """The header that carries our credential to the provider."""
    return "api-key", credential


def status(error: GatebookError, usual: int) -> int:
    """The usual one: this vendor's clients are told by a header what to send again."""
    del error
    return usual


def error_body(error: GatebookError, reference: str) -> bytes:
    """A failure as `{"error": {"message", "type", "param", "code"}}`; headers name the entry."""
    del reference
    return openai_error(error)
