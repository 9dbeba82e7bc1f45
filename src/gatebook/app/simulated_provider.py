"""A model vendor that runs here: OpenAI's API and Anthropic's, with answers made up of words.

For the demo and for tests. What it does can be set by the model's name: `sim-error-429` answers
with that status, `sim-slow-3` waits three seconds, `sim-silent` stops in the middle of a stream,
`sim-cut` breaks off there, `sim-usage-none` reports no usage. Any other name just answers.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

import msgspec

from gatebook.app import simulated_anthropic as anthropic
from gatebook.core.clock import SECOND_US, Clock
from gatebook.core.errors import Invalid
from gatebook.core.ids import Entropy, base62
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.problem import Answer, Headers

MODELS: Final = ("gpt-4o", "gpt-4o-mini", "o4-mini", "text-embedding-3-small")

_LIMIT: Final = 64 * 1024 * 1024
_JSON: Final = (b"content-type", b"application/json")
_TEXT: Final = (
    "This answer was made up by a simulated provider, word by word, so that the way to it can be "
    "shown without a real one."
)
_STATUS: Final = re.compile(r"sim-error-([45][0-9][0-9])")
_SLOW: Final = re.compile(r"sim-slow-([0-9]+(?:\.[0-9]+)?)")


class _Tool(msgspec.Struct):
    name: str


class _ToolEntry(msgspec.Struct):
    function: _Tool | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Request(msgspec.Struct):
    model: str
    messages: list[Any]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = None
    tools: list[_ToolEntry] | None = None
    tool_choice: Any = None


class Seen(msgspec.Struct, frozen=True):
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class SimulatedProvider:
    """An ASGI application; `seen` lists the requests that came, `left` how many were cut."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self.seen: list[Seen] = []
        self.left = 0
        self._clock = clock
        self._entropy = entropy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            for name in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{name}.complete"})
            return
        exchange = Exchange(scope, receive, send)
        task = asyncio.current_task()
        exchange.connection.hang_up = task.cancel if task else None
        try:
            await self._answer(exchange)
        except asyncio.CancelledError:
            self.left += 1
        finally:
            exchange.connection.hang_up = None

    async def _answer(self, exchange: Exchange) -> None:
        body = b""
        if exchange.method == "POST":
            body = await exchange.body(_LIMIT, Invalid("too_large", "Too large."))
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in exchange.headers.items()}
        self.seen.append(Seen(exchange.method, exchange.path.decode(), headers, body))
        if "anthropic-version" in headers:
            await self._answer_anthropic(exchange, headers, body)
        elif not headers.get("authorization", "").startswith("Bearer "):
            await exchange.answer(_error(401, "invalid_api_key", "Incorrect API key provided."))
        elif (exchange.method, exchange.path) == ("GET", b"/v1/models"):
            await exchange.answer(Answer(200, [_JSON], msgspec.json.encode(self._models())))
        elif (exchange.method, exchange.path) == ("POST", b"/v1/chat/completions"):
            await self._chat(exchange, body)
        else:
            await exchange.answer(_error(404, "unknown_url", "Unknown request URL."))

    async def _answer_anthropic(
        self, exchange: Exchange, headers: dict[str, str], body: bytes
    ) -> None:
        if not headers.get("x-api-key"):
            await exchange.answer(
                anthropic.failure(401, "authentication_error", "invalid x-api-key")
            )
        elif (exchange.method, exchange.path) == ("GET", b"/v1/models"):
            await exchange.answer(anthropic.models())
        elif exchange.path in (b"/v1/messages", b"/v1/messages/count_tokens"):
            await self._messages(exchange, body)
        else:
            await exchange.answer(anthropic.failure(404, "not_found_error", "Not found"))

    async def _messages(self, exchange: Exchange, body: bytes) -> None:
        try:
            request = msgspec.json.decode(body, type=anthropic.Request)
        except msgspec.DecodeError as error:
            await exchange.answer(anthropic.failure(400, "invalid_request_error", str(error)))
            return
        status = await _as_named(request.model)
        id_ = self._id("msg_")
        if status:
            await exchange.answer(
                anthropic.failure(status, "api_error", "As the model's name asks.")
            )
        elif exchange.path == b"/v1/messages/count_tokens":
            await exchange.answer(anthropic.counted(request))
        elif request.stream:
            await self._send(exchange, request.model, anthropic.events(request, id_, _TEXT), [])
        else:
            await exchange.answer(anthropic.message(request, id_, _TEXT))

    async def _chat(self, exchange: Exchange, body: bytes) -> None:
        try:
            request = msgspec.json.decode(body, type=_Request)
        except msgspec.DecodeError as error:
            await exchange.answer(_error(400, "invalid_request", str(error)))
            return
        status = await _as_named(request.model)
        if status:
            await exchange.answer(
                _error(status, f"simulated_{status}", "As the model's name asks.")
            )
        elif request.stream:
            chunks = (
                b"data: " + msgspec.json.encode(chunk) + b"\n\n"
                for chunk in self._chunks(request, body)
            )
            events = chain(chunks, [b"data: [DONE]\n\n"])
            await self._send(exchange, request.model, events, self._headers())
        else:
            whole = self._completion(request, body)
            await exchange.answer(
                Answer(200, [_JSON, *self._headers()], msgspec.json.encode(whole))
            )

    async def _send(
        self, exchange: Exchange, model: str, events: Iterable[bytes], headers: Headers
    ) -> None:
        """Send a stream of events, event by event."""
        await exchange.begin(
            200, [(b"content-type", b"text/event-stream; charset=utf-8"), *headers]
        )
        for number, event in enumerate(events):
            if number == 3 and model == "sim-silent":
                await asyncio.sleep(3600)
            if number == 3 and model == "sim-cut":
                exchange.connection.transport.abort()
                return
            await exchange.send(event)
            await asyncio.sleep(0)
        await exchange.send(b"", more=False)

    def _completion(self, request: _Request, body: bytes) -> dict[str, Any]:
        choices = []
        for index in range(request.n or 1):
            message: dict[str, Any] = {"role": "assistant", "refusal": None, "annotations": []}
            tool = _tool(request)
            if tool:
                call = {"id": self._id("call_"), "type": "function", "function": tool}
                message |= {"content": None, "tool_calls": [call]}
            else:
                message |= {"content": _TEXT}
            choices.append(
                {
                    "index": index,
                    "message": message,
                    "logprobs": None,
                    "finish_reason": "tool_calls" if tool else "stop",
                }
            )
        whole = {**self._envelope(request, "chat.completion"), "choices": choices}
        if request.model != "sim-usage-none":
            whole["usage"] = _usage(request, body)
        return whole

    def _chunks(self, request: _Request, body: bytes) -> Iterator[dict[str, Any]]:
        """The chunks of a stream; with include_usage each has a usage, null but in the last."""
        envelope = self._envelope(request, "chat.completion.chunk")
        asked = bool(request.stream_options and request.stream_options.include_usage)
        if asked:
            envelope["usage"] = None
        tool = _tool(request)
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None if tool else ""}]
        if tool:
            call = {"index": 0, "id": self._id("call_"), "type": "function", "function": tool}
            deltas.append({"tool_calls": [call]})
        else:
            deltas += [{"content": word} for word in _words()]
        for index in range(request.n or 1):
            for delta in deltas:
                yield {**envelope, "choices": [_choice(index, delta, None)]}
            yield {**envelope, "choices": [_choice(index, {}, "tool_calls" if tool else "stop")]}
        if asked and request.model != "sim-usage-none":
            yield {**envelope, "choices": [], "usage": _usage(request, body)}

    def _envelope(self, request: _Request, kind: str) -> dict[str, Any]:
        return {
            "id": self._id("chatcmpl-"),
            "object": kind,
            "created": self._clock.now_us() // SECOND_US,
            "model": request.model,
            "service_tier": "default",
            "system_fingerprint": "fp_simulated",
        }

    def _models(self) -> dict[str, Any]:
        data = [
            {"id": model, "object": "model", "created": 1_700_000_000, "owned_by": "simulated"}
            for model in MODELS
        ]
        return {"object": "list", "data": data}

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"openai-processing-ms", b"1"),
            (b"openai-version", b"2020-10-01"),
            (b"x-ratelimit-limit-requests", b"10000"),
            (b"x-ratelimit-remaining-requests", b"9999"),
            (b"x-ratelimit-reset-requests", b"6ms"),
            (b"x-request-id", self._id("req_").encode()),
            (b"set-cookie", b"__cf_bm=simulated; path=/"),
        ]

    def _id(self, prefix: str) -> str:
        return prefix + base62(int.from_bytes(self._entropy(16)), 22)


async def _as_named(model: str) -> int:
    """Be as slow as a model's name asks; the status that it asks for, 0 if it asks for none."""
    if slow := _SLOW.fullmatch(model):
        await asyncio.sleep(float(slow[1]))
    failing = _STATUS.fullmatch(model)
    return int(failing[1]) if failing else 0


def _words() -> list[str]:
    """The text cut where a model might cut it."""
    return re.findall(r"\S+\s*", _TEXT)


def _tool(request: _Request) -> dict[str, str] | None:
    """The call of the first tool, unless the request says that none is to be used."""
    if not request.tools or request.tool_choice == "none":
        return None
    function = request.tools[0].function
    return {"name": function.name if function else "", "arguments": "{}"}


def _choice(index: int, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _usage(request: _Request, body: bytes) -> dict[str, Any]:
    tokens_in, tokens_out = len(body) // 4, len(_words()) * (request.n or 1)
    return {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _error(status: int, code: str, message: str) -> Answer:
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": kind, "param": None, "code": code}
    headers = [_JSON] + ([(b"retry-after-ms", b"20")] if status in (429, 503) else [])
    return Answer(status, headers, msgspec.json.encode({"error": error}))
