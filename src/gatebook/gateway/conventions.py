"""What spans say and under which names: the one place to change when the conventions do.

`gen_ai.*` follows github.com/open-telemetry/semantic-conventions-genai, schema
gen-ai-dev/1.42.0-dev, status Development: nothing of it is released, and every name may change.
`http.*`, `server.*` and `error.type` follow OpenTelemetry's semantic conventions 1.44, status
Stable. What neither has a name for begins with `gatebook.`.
A path as it was asked for (`url.path`) is left out: it is a text of the caller's.
"""

from typing import Final
from urllib.parse import urlsplit

from gatebook.formats import Operation
from gatebook.gateway.passage import Passage
from gatebook.identity.directory import Provider

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev"
ERROR: Final = "error.type"

Attributes = dict[str, str | int | float | bool]

_PORTS: Final = {"http": 80, "https": 443}

# Where the conventions have another word for a vendor or an operation than we have.
_PROVIDERS: Final = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
}
_OPERATIONS: Final = {
    "chat.completions": "chat",
    "messages": "chat",
    "responses": "chat",
    "completions": "text_completion",
}


def asked(method: str, operation: Operation | None) -> dict[str, str]:
    """Of the SERVER span, from its beginning: what it is named after."""
    said = {"http.request.method": method}
    if operation is not None:
        said["http.route"] = operation.path
    return said


def told(status: int, passage: Passage) -> Attributes:
    """Of the SERVER span, at its end: who called, what was decided, and what became of it."""
    said = _record(passage)
    if passage.principal is not None:
        said["gatebook.organization"] = passage.principal.organization.slug
        said["gatebook.workspace"] = passage.principal.workspace.id
    if passage.policy:
        said["gatebook.policy"] = passage.policy
    if passage.way is not None:
        said["gatebook.rule"] = passage.way.permit.rule
    if passage.receipt is not None:
        said["gatebook.ending"] = passage.ending
    if passage.refusal:
        said["gatebook.refusal"] = passage.refusal
    if status:
        said["http.response.status_code"] = status
    return said


def error_of_gate(status: int, passage: Passage) -> str:
    """Why the SERVER span failed, if it did; a call that is refused as it should be did not."""
    if status >= 500 or (passage.refusal and passage.is_sent):
        return passage.refusal or str(status)
    return ""


def client_span(operation: Operation, model: str) -> str:
    """The name of the CLIENT span."""
    return f"{_named(operation)} {model}".rstrip()


def sent(operation: Operation, provider: Provider, passage: Passage) -> Attributes:
    """Of the CLIENT span, from its beginning: what was asked of whom."""
    url = urlsplit(provider.base_url)
    said: Attributes = {
        "gen_ai.operation.name": _named(operation),
        "gen_ai.provider.name": _PROVIDERS.get(provider.dialect, provider.dialect),
        "server.address": url.hostname or "",
        "server.port": url.port or _PORTS.get(url.scheme, 0),
    }
    if passage.model:
        said["gen_ai.request.model"] = passage.model
    if passage.streamed:
        said["gen_ai.request.stream"] = True
    return said


def came_back(passage: Passage) -> Attributes:
    """Of the CLIENT span, at its end: what it took."""
    said = _record(passage)
    if passage.usage.tokens_in:
        said["gen_ai.usage.input_tokens"] = passage.usage.tokens_in
    if passage.usage.tokens_out:
        said["gen_ai.usage.output_tokens"] = passage.usage.tokens_out
    if passage.usage.cache_read:
        said["gen_ai.usage.cache_read.input_tokens"] = passage.usage.cache_read
    if passage.usage.cache_written:
        said["gen_ai.usage.cache_creation.input_tokens"] = passage.usage.cache_written
    if passage.status:
        said["http.response.status_code"] = passage.status
    return said


def error_of_provider(passage: Passage) -> str:
    """Why the CLIENT span failed, if it did."""
    if passage.ending != "complete":
        return passage.ending
    return str(passage.status) if passage.status >= 400 else ""


def _record(passage: Passage) -> Attributes:
    """What leads from a span to the book."""
    said: Attributes = {}
    if passage.principal is not None:
        said["gen_ai.agent.id"] = passage.principal.agent.id
    if passage.reference:
        said["gatebook.receipt"] = passage.reference
    return said


def _named(operation: Operation) -> str:
    return _OPERATIONS.get(operation.name, operation.name)
