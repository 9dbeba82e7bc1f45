"""A model vendor that runs here, with the APIs of five vendors and answers made of words.

For the demo and for tests. What it does can be set by the model's name: `sim-error-429` answers
with that status, `sim-slow-3` waits three seconds, `sim-silent` stops in the middle of a stream,
`sim-cut` breaks off there, `sim-usage-none` reports no usage, `sim-echo` says in a chat, a response
or a message what the user said last. Any other name just answers.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec

from gatebook.app.simulated import anthropic, bedrock, chat, gemini, openai, responses
from gatebook.app.simulated.openai import Maker
from gatebook.app.simulated.ways import Ways
from gatebook.core.clock import Clock
from gatebook.core.errors import Invalid
from gatebook.core.ids import Entropy
from gatebook.formats import Operation
from gatebook.providers.anthropic import MESSAGES
from gatebook.providers.openai import CHAT, RESPONSES
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.problem import Headers

_EVENTS: Final = (b"content-type", b"text/event-stream; charset=utf-8")
_LIMIT: Final = 64 * 1024 * 1024
_TEXT: Final = (
    "This answer was made up by a simulated provider, word by word, so that the way to it can be "
    "shown without a real one."
)
_STATUS: Final = re.compile(r"sim-error-([45][0-9][0-9])")
_SLOW: Final = re.compile(r"sim-slow-([0-9]+(?:\.[0-9]+)?)")
# Azure's addresses: of a deployment, of the newer form, or of what is at neither.
_AZURE: Final = re.compile(r"/openai(?:/deployments/([^/]+)|/v1)?(/.+)")


class _Spoken(NamedTuple):
    """How requests to one address are read and answered, whole and as a stream."""

    reads: type[Any]
    whole: Callable[[Any, Maker], dict[str, Any]]
    events: Callable[[Any, Maker], Iterator[bytes]] | None = None


_SPOKEN: Final = {
    "/chat/completions": _Spoken(chat.Request, chat.completion, chat.events),
    "/completions": _Spoken(chat.Request, chat.text_completion, chat.text_events),
    "/responses": _Spoken(responses.Request, responses.response, responses.events),
    "/responses/input_tokens": _Spoken(
        responses.Request, lambda _, maker: responses.counted(maker)
    ),
    "/embeddings": _Spoken(openai.Embedded, openai.embeddings),
    "/moderations": _Spoken(openai.Judged, openai.moderation),
    "/images/generations": _Spoken(openai.Pictured, openai.images),
}


class Seen(msgspec.Struct, frozen=True):
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: str = ""


class SimulatedProvider:
    """An ASGI application; `seen` lists the requests that came, `left` how many were cut."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self.seen: list[Seen] = []
        self.left = 0
        self._clock = clock
        self._entropy = entropy
        self._ways = Ways(_as_named, self._send, _TEXT)

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
        path, query = exchange.path.decode(), exchange.query.decode()
        self.seen.append(Seen(exchange.method, path, headers, body, query))
        asked = RESPONSES if path.endswith("/responses") else CHAT
        maker = Maker(self._clock, self._entropy, _text(asked, body), body)
        azure = _AZURE.fullmatch(path)
        if "anthropic-version" in headers:
            await self._answer_anthropic(exchange, headers, body)
        elif "x-goog-api-key" in headers:
            await gemini.answer(exchange, headers["x-goog-api-key"], body, self._ways)
        elif at := bedrock.asked(exchange.path):
            await bedrock.answer(exchange, at, headers, body, self._ways)
        elif azure and headers.get("api-key"):
            await self._answer_openai(exchange, maker, azure[2], body, azure[1] or "")
        elif azure or not headers.get("authorization", "").startswith("Bearer "):
            await exchange.answer(openai.failure(401, "invalid_api_key", "Incorrect API key."))
        else:
            await self._answer_openai(exchange, maker, path.removeprefix("/v1"), body, "")

    async def _answer_openai(
        self, exchange: Exchange, maker: Maker, path: str, body: bytes, model: str
    ) -> None:
        """`model` is what the path names, if it names one."""
        if (exchange.method, path) == ("GET", "/models"):
            await exchange.answer(openai.answer(openai.models(), maker))
        elif exchange.method == "GET" and path.startswith("/models/"):
            named = unquote(path.removeprefix("/models/"))
            await exchange.answer(openai.answer(openai.model(named), maker))
        elif exchange.method == "POST" and path in _SPOKEN:
            await self._speak(exchange, maker, _SPOKEN[path], body, model)
        else:
            await exchange.answer(openai.failure(404, "unknown_url", "Unknown request URL."))

    async def _speak(
        self, exchange: Exchange, maker: Maker, spoken: _Spoken, body: bytes, model: str
    ) -> None:
        try:
            request = msgspec.json.decode(body, type=spoken.reads)
        except msgspec.DecodeError as error:
            await exchange.answer(openai.failure(400, "invalid_request", str(error)))
            return
        request.model = model or request.model
        status = await _as_named(request.model)
        if status:
            said = "As the model's name asks."
            await exchange.answer(openai.failure(status, f"simulated_{status}", said))
        elif spoken.events and request.stream:
            events = spoken.events(request, maker)
            await self._send(exchange, request.model, events, openai.headers(maker))
        else:
            await exchange.answer(openai.answer(spoken.whole(request, maker), maker))

    async def _answer_anthropic(
        self, exchange: Exchange, headers: dict[str, str], body: bytes
    ) -> None:
        if not headers.get("x-api-key"):
            await exchange.answer(
                anthropic.failure(401, "authentication_error", "invalid x-api-key")
            )
        elif (exchange.method, exchange.path) == ("GET", b"/v1/models"):
            await exchange.answer(anthropic.models())
        elif exchange.method == "GET" and exchange.path.startswith(b"/v1/models/"):
            await exchange.answer(anthropic.model(exchange.path.decode().rpartition("/")[2]))
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
        text = _text(MESSAGES, body)
        id_ = Maker(self._clock, self._entropy, text, body).id("msg_")
        if status:
            await exchange.answer(
                anthropic.failure(status, "api_error", "As the model's name asks.")
            )
        elif exchange.path == b"/v1/messages/count_tokens":
            await exchange.answer(anthropic.counted(request))
        elif request.stream:
            await self._send(exchange, request.model, anthropic.events(request, id_, text), [])
        else:
            await exchange.answer(anthropic.message(request, id_, text))

    async def _send(
        self, exchange: Exchange, model: str, events: Iterable[bytes], headers: Headers
    ) -> None:
        """Send a stream of events, event by event."""
        types = [] if any(name == b"content-type" for name, _ in headers) else [_EVENTS]
        await exchange.begin(200, [*types, *headers])
        for number, event in enumerate(events):
            if number == 3 and model == "sim-silent":
                await asyncio.sleep(3600)
            if number == 3 and model == "sim-cut":
                exchange.connection.transport.abort()
                return
            await exchange.send(event)
            await asyncio.sleep(0)
        await exchange.send(b"", more=False)


def _text(asked: Operation, body: bytes) -> str:
    """What is answered."""
    if b'"sim-echo"' not in body:
        return _TEXT
    said = [span.text for span in asked.format.said(body).spans if span.origin == "user"]
    return said[-1] if said else _TEXT


async def _as_named(model: str) -> int:
    """Be as slow as a model's name asks; the status that it asks for, 0 if it asks for none."""
    if slow := _SLOW.fullmatch(model):
        await asyncio.sleep(float(slow[1]))
    failing = _STATUS.fullmatch(model)
    return int(failing[1]) if failing else 0
