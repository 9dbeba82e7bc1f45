"""Google's Gemini API: contents generated, streamed, counted and embedded, and the models.

Source: Gemini API reference, google/rpc/code.proto and error_details.proto, and the google-genai
package, whose reading of errors is what agents live with. It asks under /v1, other clients under
/v1beta. It sends a failed call again only if it was told to, and then every one of its list of
statuses: no header of ours can keep it from that.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from gatebook.core.errors import GatebookError
from gatebook.formats import Format, Meter, Operation
from gatebook.formats.closed import Closed
from gatebook.formats.generate_content import GenerateContent
from gatebook.formats.google_models import GoogleModels

NAME: Final = "gemini"
BASE_URL: Final = "https://generativelanguage.googleapis.com"
MARK: Final = b"x-goog-api-key"
PASSED: Final = {b"traceparent": "traceparent"}

_KEY: Final = frozenset(("key",))
_ALT: Final = _KEY | {"alt"}
_PAGES: Final = _KEY | {"pageSize", "pageToken"}
_VERSIONS: Final = ("v1", "v1beta")
_ASKING: Final = GenerateContent(generates=False)
_MODELS: Final = GoogleModels()
# What these do happens later, or is kept for the whole account; live is a socket.
_LATER: Final = ("batchGenerateContent", "asyncBatchEmbedContent", "predict", "predictLongRunning")
_ACCOUNT: Final = (
    *("auth_tokens", "batches", "cachedContents", "corpora", "files", "fileSearchStores"),
    *("interactions", "tunedModels"),
)


def _operation(
    path: str,
    name: str,
    format_: Format,
    query: frozenset[str] = _KEY,
    method: str = "POST",
    *,
    meter: Meter = "tokens",
) -> Operation:
    return Operation(
        dialect=NAME,
        name=name,
        method=method,
        path=path,
        has_body=method == "POST",
        format=format_,
        query=query,
        meter=meter,
    )


def _closed(path: str, why: Literal["not_inspectable", "account_wide"]) -> Operation:
    """An address that is refused, by any method; named by what stands in it but its version."""
    name = path.removesuffix("/*").rpartition("/")[2].removeprefix("{model}:")
    return _operation(path, name, Closed(why), method="")


def _operations(version: str) -> Iterator[Operation]:
    model = f"/{version}/models/{{model}}"
    generate, stream = (
        GenerateContent(generates=True),
        GenerateContent(generates=True, streams=True),
    )
    yield _operation(f"{model}:generateContent", "generateContent", generate)
    yield _operation(f"{model}:streamGenerateContent", "streamGenerateContent", stream, _ALT)
    yield _operation(f"{model}:countTokens", "countTokens", _ASKING, meter="free")
    for name in ("embedContent", "batchEmbedContents"):
        yield _operation(f"{model}:{name}", name, _ASKING)
    yield _operation(f"/{version}/models", "models", _MODELS, _PAGES, "GET", meter="free")
    yield _operation(model, "models.retrieve", _MODELS, method="GET", meter="free")
    for name in _LATER:
        yield _closed(f"{model}:{name}", "not_inspectable")
    for name in _ACCOUNT:
        yield _closed(f"/{version}/{name}/*", "account_wide")


OPERATIONS: Final = (
    *(operation for version in _VERSIONS for operation in _operations(version)),
    _closed("/upload/*", "account_wide"),
    _closed("/ws/*", "not_inspectable"),
    _closed("/v1beta/*", "not_inspectable"),
    _closed("/v1alpha/*", "not_inspectable"),
)

_STATUSES: Final = {
    "invalid": (400, "INVALID_ARGUMENT"),
    "unidentified": (401, "UNAUTHENTICATED"),
    "refused": (403, "PERMISSION_DENIED"),
    "not_found": (404, "NOT_FOUND"),
    "conflict": (409, "ABORTED"),
    "exhausted": (429, "RESOURCE_EXHAUSTED"),
    "unavailable": (503, "UNAVAILABLE"),
}
_STATUSES_BY_CODE: Final = {
    "upstream_broken": (500, "INTERNAL"),
    "upstream_credential_rejected": (500, "INTERNAL"),
    "reply_too_large": (500, "INTERNAL"),
    "upstream_timeout": (504, "DEADLINE_EXCEEDED"),
}
_ANY_OTHER: Final = (500, "INTERNAL")


class _Error(msgspec.Struct):
    code: int
    message: str
    status: str
    details: list[dict[str, Any]]


class _Envelope(msgspec.Struct):
    error: _Error


def authorization(credential: str) -> tuple[str, str]:
    """The header that carries our credential to the provider."""
    return "x-goog-api-key", credential


def status(error: GatebookError, usual: int) -> int:
    """The HTTP status that belongs to the google.rpc one; the body repeats it."""
    del usual
    return _status(error)[0]


def error_body(error: GatebookError, reference: str) -> bytes:
    """A failure as `{"error": {"code", "message", "status", "details"}}`.

    The details are an ErrorInfo with our own code and, if waiting can help, a RetryInfo.
    """
    http, rpc = _status(error)
    details: list[dict[str, Any]] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": error.code.upper(),
            "domain": "gatebook",
            "metadata": {"entry": reference} if reference else {},
        }
    ]
    if error.retry_after_seconds is not None:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        details.append({"@type": kind, "retryDelay": f"{error.retry_after_seconds}s"})
    return msgspec.json.encode(_Envelope(_Error(http, str(error), rpc, details)))


def _status(error: GatebookError) -> tuple[int, str]:
    by_kind = _STATUSES.get(error.kind, _ANY_OTHER)
    http, rpc = _STATUSES_BY_CODE.get(error.code, by_kind)
    return error.status or http, rpc
