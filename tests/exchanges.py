"""Exchanges in `vectors/providers`: what an agent sends, what leaves, what comes, what is given.

`python -m tests.exchanges` records them anew with the simulated providers, so that a change of the
wire format is seen in the diff. `play` does to one what the gate does, without sockets.
"""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from gatebook.app.folders import dialects
from gatebook.app.simulated import (
    anthropic as simulated_anthropic,
    chat as simulated_chat,
    openai as simulated_openai,
    responses as simulated_responses,
)
from gatebook.app.simulated.openai import Maker
from gatebook.core.amazon_events import MessageSplitter
from gatebook.core.event_stream import EventSplitter
from gatebook.formats import Call, Stream, Terms
from gatebook.gateway.reading import Routes, read_call
from gatebook.gateway.upstream import target_of
from tests import cloud_exchanges as clouds
from tests.simulators.clock import SetClock
from tests.unit.gateway.test_reading import exchange

FOLDER: Final = Path(__file__).parent.parent / "vectors" / "providers"
VENDORS: Final = ("anthropic", "azure", "openai", *clouds.VENDORS)
_ROUTES: Final = Routes(list(dialects().values()))
_BASE_URLS: Final = {
    "openai": "https://api.openai.com/v1",
    "azure": "https://example.openai.azure.com",
    "anthropic": "https://api.anthropic.com",
    **clouds.BASE_URLS,
}
_HEADERS: Final = {"anthropic": {"anthropic-version": "2023-06-01"}, **clouds.HEADERS}
_SAID: Final = "Words made up."


def recorded(vendor: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The exchanges of a vendor, each with its name."""
    for path in sorted((FOLDER / vendor).glob("*.json")):
        for case in json.loads(path.read_text()).get("exchanges", ()):
            yield f"{path.stem}: {case['name']}", case


def play(vendor: str, case: Mapping[str, Any]) -> dict[str, Any]:
    """What the gate makes of the request and the reply of an exchange."""
    call = asyncio.run(_read(vendor, case["request"]))
    call = call.operation.format.fitted(call, msgspec.convert(case.get("terms", {}), Terms))
    head = target_of(case["base_url"], call, "gatebook", None).head.decode()
    leaves = {"line": head.partition(" HTTP/1.1")[0], "body": call.body.decode()}
    fields = {name: getattr(call, name) for name in _FIELDS}
    fields["hosted_tools"] = list(call.hosted_tools)
    return {
        "operation": call.operation.name,
        "call": fields,
        "leaves": leaves,
        **_given(call, case["reply"]),
    }


_FIELDS: Final = (
    "model",
    "streamed",
    "hides_usage",
    "max_tokens",
    "choices",
    "hosted_tools",
    "state",
    "geography",
    "is_text",
    "is_repeated",
    "is_priced_apart",
)


async def _read(vendor: str, request: Mapping[str, str]) -> Call:
    headers = {"content-type": "application/json", **_HEADERS.get(vendor, {})}
    path, _, query = request["path"].partition("?")
    asked = exchange(
        request["method"],
        path.encode(),
        {name.encode(): value.encode() for name, value in headers.items()},
        query.encode(),
        request["body"].encode(),
    )
    dialect, operation, model = _ROUTES.find(asked)
    assert vendor == dialect.NAME
    return await read_call(asked, dialect, operation, 10**6, model=model, is_known=True)


def _given(call: Call, reply: Mapping[str, Any]) -> dict[str, Any]:
    """What the agent is given of a reply, and the tokens that are noted."""
    spoken = call.operation.format
    if "events" not in reply and "messages_base64" not in reply:
        body = reply["body"].encode()
        given = spoken.delivered(body, lambda model: not model.startswith("o4-"))
        return {"given": given.decode(), "usage": msgspec.to_builtins(spoken.usage(body))}
    follower = spoken.stream(call)
    if "events" in reply:
        given = _followed(follower, "".join(reply["events"]).encode())
        told: dict[str, Any] = {
            "given": [event.decode() for event in EventSplitter().feed(given)],
            "held_back": follower.end().decode(),
        }
    else:
        given = _followed(follower, b"".join(map(b64decode, reply["messages_base64"])))
        told = {
            "given_base64": [_base64(each.raw) for each in MessageSplitter().feed(given)],
            "held_back_base64": _base64(follower.end()),
        }
    return {**told, "usage": msgspec.to_builtins(follower.usage)}


def _followed(follower: Stream, data: bytes) -> bytes:
    """What goes on at once of all that comes, up to the end of the stream."""
    given = follower.feed(data)
    return given if follower.is_complete else given + follower.close()


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


# -- recording -------------------------------------------------------------------------------------

_HI: Final = [{"role": "user", "content": "hi"}]
_FUNCTION: Final = {"name": "look_up", "parameters": {"type": "object", "properties": {}}}
_PICTURE: Final = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
_CHAT: Final[dict[str, Any]] = {"model": "gpt-4o", "messages": _HI}
_ANSWER: Final[dict[str, Any]] = {"model": "gpt-4o", "input": "hi"}
_MESSAGE: Final[dict[str, Any]] = {
    "model": "claude-haiku-5-5",
    "max_tokens": 100,
    "messages": _HI,
}
_MCP: Final = {"type": "mcp", "server_label": "x", "server_url": "https://mcp.example.com/sse"}

# By vendor and file: path, and for each exchange its name, body and terms.
_ASKED: Final[dict[str, dict[str, tuple[str, list[tuple[str, Any, dict[str, Any]]]]]]] = {
    "openai": {
        "chat.completions": (
            "/v1/chat/completions",
            [
                ("whole", _CHAT, {}),
                ("an unknown member is named", {**_CHAT, "brand_new": [1.5]}, {}),
                ("a limit is put in", _CHAT, {"max_tokens": 50}),
                (
                    "a limit in the words of other servers",
                    _CHAT,
                    {"max_tokens": 50, "knows": ["stream_options"]},
                ),
                ("a tool", {**_CHAT, "tools": [{"type": "function", "function": _FUNCTION}]}, {}),
                (
                    "what the vendor would fetch",
                    {
                        **_CHAT,
                        "messages": [{"role": "user", "content": [_PICTURE]}],
                        "web_search_options": {},
                        "n": 2,
                        "max_completion_tokens": 9,
                        "store": True,
                    },
                    {},
                ),
                ("streamed", {**_CHAT, "stream": True}, {}),
                (
                    "streamed where usage cannot be asked for",
                    {**_CHAT, "stream": True},
                    {"knows": []},
                ),
                (
                    "streamed with usage",
                    {**_CHAT, "stream": True, "stream_options": {"include_usage": True}},
                    {},
                ),
            ],
        ),
        "completions": (
            "/v1/completions",
            [
                ("whole", {"model": "gpt-4o", "prompt": ["a", "b"], "max_tokens": 9}, {}),
                ("streamed", {"model": "gpt-4o", "prompt": "a", "stream": True}, {}),
            ],
        ),
        "responses": (
            "/v1/responses",
            [
                ("whole, kept by default", _ANSWER, {}),
                ("terms are put in", _ANSWER, {"max_tokens": 50, "is_stateless": True}),
                (
                    "an earlier response and a server of tools",
                    {**_ANSWER, "previous_response_id": "resp_1", "tools": [_MCP]},
                    {},
                ),
                (
                    "streamed with reasoning, a search and a function",
                    {
                        **_ANSWER,
                        "store": False,
                        "stream": True,
                        "reasoning": {"effort": "low"},
                        "tools": [{"type": "web_search"}, {"type": "function", **_FUNCTION}],
                    },
                    {},
                ),
                ("streamed and failed", {**_ANSWER, "model": "sim-failed", "stream": True}, {}),
            ],
        ),
        "responses.input_tokens": ("/v1/responses/input_tokens", [("whole", _ANSWER, {})]),
        "embeddings": (
            "/v1/embeddings",
            [("texts", {"model": "text-embedding-3-small", "input": ["a", "b"]}, {})],
        ),
        "moderations": ("/v1/moderations", [("no model is named", {"input": "a"}, {})]),
        "images.generations": (
            "/v1/images/generations",
            [("two", {"model": "gpt-image-2", "prompt": "a cat", "n": 2}, {})],
        ),
        "models": ("/v1/models", [("those the agent may call", None, {})]),
        "models.retrieve": ("/v1/models/gpt-4o", [("one", None, {})]),
    },
    "azure": {
        "chat.completions": (
            "/openai/deployments/mine/chat/completions?api-version=2024-10-21",
            [
                ("the deployment is the model", _CHAT, {}),
                ("the body names none", {"model": None, "messages": _HI}, {}),
                ("streamed", {**_CHAT, "stream": True}, {"max_tokens": 50}),
            ],
        ),
        "embeddings": (
            "/openai/v1/embeddings",
            [("at the newer address", {"model": "mine", "input": "a"}, {})],
        ),
        "responses": ("/openai/responses?api-version=2025-04-01-preview", [("whole", _ANSWER, {})]),
        "models": ("/openai/models?api-version=2024-10-21", [("those of the resource", None, {})]),
    },
    "anthropic": {
        "messages": (
            "/v1/messages",
            [
                ("whole", _MESSAGE, {}),
                ("a limit is put in", {"model": "m", "messages": _HI}, {"max_tokens": 50}),
                ("a tool", {**_MESSAGE, "tools": [{"name": "f", "input_schema": {}}]}, {}),
                (
                    "tools that the vendor runs",
                    {
                        **_MESSAGE,
                        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
                        "mcp_servers": [
                            {"type": "url", "name": "x", "url": "https://mcp.example.com/sse"}
                        ],
                        "container": "container_1",
                    },
                    {},
                ),
                (
                    "streamed with signed thinking",
                    {
                        **_MESSAGE,
                        "stream": True,
                        "thinking": {"type": "enabled", "budget_tokens": 1024},
                    },
                    {},
                ),
            ],
        ),
        "messages.count_tokens": ("/v1/messages/count_tokens", [("whole", _MESSAGE, {})]),
        "models": ("/v1/models?limit=5", [("a page", None, {})]),
        "models.retrieve": ("/v1/models/claude-haiku-5-5", [("one", None, {})]),
    },
}


_EVERY: Final = {**_ASKED, **clouds.ASKED}


def record(vendor: str) -> dict[str, list[dict[str, Any]]]:
    """The exchanges of a vendor by their operation, made anew."""
    made: dict[str, list[dict[str, Any]]] = {}
    for operation, (path, asked) in _EVERY[vendor].items():
        for name, body, terms in asked:
            text = "" if body is None else msgspec.json.encode(body).decode()
            method = "GET" if body is None else "POST"
            case: dict[str, Any] = {
                "name": name,
                "base_url": _BASE_URLS[vendor],
                "request": {"method": method, "path": path, "body": text},
                "reply": _reply(vendor, operation, body or {}),
            }
            if terms:
                case["terms"] = terms
            made.setdefault(operation, []).append({**case, "expected": play(vendor, case)})
    return made


def _reply(vendor: str, operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the simulated provider answers."""
    if vendor in clouds.VENDORS:
        said = clouds.reply(vendor, operation, body, _SAID)
    elif vendor == "anthropic":
        said = _anthropic(operation, body)
    else:
        said = _openai(operation, body, Maker(SetClock(), bytes, _SAID, b"x" * 40))
    if isinstance(said, bytes):
        return {"body": said.decode()}
    if vendor == "bedrock":
        return {"messages_base64": [_base64(message) for message in said]}
    return {"events": [event.decode() for event in said]}


def _anthropic(operation: str, body: dict[str, Any]) -> bytes | Iterator[bytes]:
    match operation:
        case "models":
            return simulated_anthropic.models().body
        case "models.retrieve":
            return simulated_anthropic.model("claude-haiku-5-5").body
    request = msgspec.convert(body, simulated_anthropic.Request)
    if operation == "messages.count_tokens":
        return simulated_anthropic.counted(request).body
    if request.stream:
        return simulated_anthropic.events(request, "msg_1", _SAID)
    return simulated_anthropic.message(request, "msg_1", _SAID).body


def _openai(operation: str, body: dict[str, Any], maker: Maker) -> bytes | Iterator[bytes]:
    chat, responses, openai = simulated_chat, simulated_responses, simulated_openai
    by_operation: dict[str, tuple[Any, Any, Any]] = {
        "chat.completions": (chat.Request, chat.completion, chat.events),
        "completions": (chat.Request, chat.text_completion, chat.text_events),
        "responses": (responses.Request, responses.response, responses.events),
        "responses.input_tokens": (
            responses.Request,
            lambda _, maker: responses.counted(maker),
            None,
        ),
        "embeddings": (openai.Embedded, openai.embeddings, None),
        "moderations": (openai.Judged, openai.moderation, None),
        "images.generations": (openai.Pictured, openai.images, None),
        "models": (dict, lambda *_: openai.models(), None),
        "models.retrieve": (dict, lambda *_: openai.model("gpt-4o"), None),
    }
    reads, whole, events = by_operation[operation]
    request: Any = msgspec.convert(body, reads)
    if events and request.stream:
        streamed: Iterator[bytes] = events(request, maker)
        return streamed
    return msgspec.json.encode(whole(request, maker))


def written(exchanges: list[dict[str, Any]]) -> str:
    """A file of exchanges."""
    return json.dumps({"exchanges": exchanges}, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every file anew."""
    for vendor in VENDORS:
        (FOLDER / vendor).mkdir(parents=True, exist_ok=True)
        for operation, exchanges in record(vendor).items():
            (FOLDER / vendor / f"{operation}.json").write_text(written(exchanges))


if __name__ == "__main__":
    main()
