"""Google's side of the simulated provider: contents generated, streamed, counted and embedded.

The names of models mean what they mean in `provider.py`; `sim-overloaded` begins a stream
and reports UNAVAILABLE in the middle of it, `sim-blocked` refuses the prompt.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from gatebook.app.simulated.ways import Ways
from gatebook.web.exchange import Exchange
from gatebook.web.problem import Answer

MODELS: Final = ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-embedding-001")

_PATH: Final = re.compile(rb"/v1(?:beta)?/models(?:/([^:/]+)(?::([A-Za-z]+))?)?")
_JSON: Final = (b"content-type", b"application/json; charset=UTF-8")
_HEADERS: Final = [
    (b"server-timing", b"gfet4t7; dur=1"),
    (b"x-gemini-service-tier", b"standard"),
]
_THOUGHT: Final = "Words will do."
_SIGNATURE: Final = "c2lnbmVkIGJ5IG5vYm9keQ=="
_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Asked(NamedTuple):
    """What an address asks for."""

    model: str
    verb: str


class Request(msgspec.Struct, rename="camel"):
    """What is read of a request."""

    contents: Any = None
    content: Any = None
    requests: list[Any] | None = None
    tools: list[dict[str, Any]] | None = None
    generation_config: dict[str, Any] | None = None


async def answer(exchange: Exchange, key: str, body: bytes, ways: Ways) -> None:
    """Answer one request."""
    at = asked(exchange.path)
    if not key:
        await exchange.answer(failure(403, "Method doesn't allow unregistered callers."))
    elif at is None:
        await exchange.answer(failure(404, "Not found."))
    elif not at.verb:
        await exchange.answer(listed(at.model))
    else:
        await _answer_post(exchange, at, body, ways)


async def _answer_post(exchange: Exchange, at: Asked, body: bytes, ways: Ways) -> None:
    try:
        request = msgspec.json.decode(body, type=Request)
    except msgspec.DecodeError as error:
        await exchange.answer(failure(400, str(error)))
        return
    status = await ways.as_named(at.model)
    if status:
        await exchange.answer(failure(status, "As the model's name asks."))
    elif at.verb == "streamGenerateContent":
        await ways.send(exchange, at.model, events(request, at, ways.text), _HEADERS)
    else:
        await exchange.answer(whole(request, at, ways.text))


def asked(path: bytes) -> Asked | None:
    """The model and the verb of an address; None for one that is not of models."""
    match = _PATH.fullmatch(path)
    return match and Asked((match[1] or b"").decode(), (match[2] or b"").decode())


def listed(model: str) -> Answer:
    """A model, or the list of all of them."""
    if not model:
        return _answer({"models": [_model(name) for name in MODELS]})
    return _answer(_model(model)) if model in MODELS else failure(404, "No such model.")


def whole(request: Request, at: Asked, text: str) -> Answer:
    """The answer to what does not stream."""
    match at.verb:
        case "generateContent":
            return _answer(_generated(request, at.model, text))
        case "countTokens":
            return _answer({"totalTokens": _input_tokens(request)})
        case "embedContent":
            return _answer({"embedding": _embedding()})
        case "batchEmbedContents":
            return _answer({"embeddings": [_embedding() for _ in request.requests or ()]})
    return failure(404, "No such verb.")


def failure(status: int, text: str) -> Answer:
    """An error in Google's envelope."""
    return Answer(status, [_JSON, *_HEADERS], error(status, text))


def error(status: int, text: str) -> bytes:
    """The body of an error."""
    said = {"code": status, "message": text, "status": _STATUSES.get(status, "INTERNAL")}
    return msgspec.json.encode({"error": said})


def events(request: Request, at: Asked, text: str) -> Iterator[bytes]:
    """The events of a stream; the last one has the reason to finish."""
    if at.model == "sim-blocked":
        yield _event(_generated(request, at.model, text))
        return
    parts = [piece for part in _parts(request, text) for piece in _pieces(part)]
    for number, part in enumerate(parts):
        if at.model == "sim-overloaded" and number == 2:
            yield b"data: " + error(503, "The model is overloaded.") + b"\n\n"
            return
        finish = "STOP" if number == len(parts) - 1 else None
        candidates = [_candidate(index, [part], finish) for index in range(_choices(request))]
        yield _event(_reply(request, at.model, candidates, number + 1))


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(data) + b"\r\n\r\n"


def _answer(data: dict[str, Any]) -> Answer:
    return Answer(200, [_JSON, *_HEADERS], msgspec.json.encode(data))


def _generated(request: Request, model: str, text: str) -> dict[str, Any]:
    if model == "sim-blocked":
        return {
            "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
            "usageMetadata": {"promptTokenCount": _input_tokens(request)},
            "modelVersion": model,
        }
    parts = _parts(request, text)
    candidates = [_candidate(index, parts, "STOP") for index in range(_choices(request))]
    return _reply(request, model, candidates, len(text.split()))


def _reply(
    request: Request, model: str, candidates: list[dict[str, Any]], words: int
) -> dict[str, Any]:
    reply: dict[str, Any] = {"candidates": candidates, "modelVersion": model}
    reply["responseId"] = "simulated"
    if model != "sim-usage-none":
        tokens_in, thoughts = _input_tokens(request), 5 if _thinks(request) else 0
        reply["usageMetadata"] = {
            "promptTokenCount": tokens_in,
            "cachedContentTokenCount": 2,
            "candidatesTokenCount": words,
            "thoughtsTokenCount": thoughts,
            "totalTokenCount": tokens_in + words + thoughts,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens_in}],
        }
    return reply


def _candidate(index: int, parts: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": index}
    return {**candidate, "finishReason": finish} if finish else candidate


def _parts(request: Request, text: str) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if _thinks(request):
        parts.append({"text": _THOUGHT, "thought": True})
    declared = [name for tool in request.tools or () for name in _declared(tool)]
    if declared:
        parts.append({"functionCall": {"name": declared[0], "args": {}}})
    else:
        parts.append({"text": text})
    if _thinks(request):
        parts[-1]["thoughtSignature"] = _SIGNATURE
    return parts


def _pieces(part: dict[str, Any]) -> list[dict[str, Any]]:
    """A part as it streams: text comes word by word, a signature with the last one."""
    if "functionCall" in part or "thought" in part:
        return [part]
    words = re.findall(r"\S+\s*", part["text"])
    return [*({"text": word} for word in words[:-1]), {**part, "text": words[-1]}]


def _declared(tool: dict[str, Any]) -> list[str]:
    named = tool.get("functionDeclarations") or tool.get("function_declarations") or ()
    return [each["name"] for each in named]


def _thinks(request: Request) -> bool:
    return "thinkingConfig" in (request.generation_config or {})


def _choices(request: Request) -> int:
    return int((request.generation_config or {}).get("candidateCount") or 1)


def _model(name: str) -> dict[str, Any]:
    is_for_text = "embedding" not in name
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent"] if is_for_text else ["embedContent"],
    }


def _embedding() -> dict[str, Any]:
    return {"values": [0.5, -0.5, 0.25]}


def _input_tokens(request: Request) -> int:
    said = request.contents or request.content or request.requests
    return len(msgspec.json.encode(said)) // 4
