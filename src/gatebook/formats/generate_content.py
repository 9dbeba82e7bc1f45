"""Google's contents: what is generated from them, whole and streamed, counted or embedded.

Source: Gemini API reference and the google-genai package, whose reading of streams is what agents
live with. Google reads a name in camelCase and in snake_case (protobuf, "ProtoJSON format"), null
as absent, and one object where a list is due; so do we. All else keeps its bytes, signatures of
thoughts above all: the next turn breaks if one is rewritten.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.core.errors import Invalid
from gatebook.formats import Call, Readable, Terms, Usage, unreadable
from gatebook.formats.asking import Asking, unknown_kind
from gatebook.formats.content_stream import ContentStream, usage_of
from gatebook.formats.event_grammar import CONTENT_EVENT
from gatebook.formats.grammar import CONTENT_REPLY, CONTENTS
from gatebook.formats.vocabulary import CONTENT_MEMBERS, CONTENT_PARTS, CONTENT_TEXTS

_AS_EVENTS: Final = "alt=sse"
_MAX_INT32: Final = 2**31 - 1
_HELD: Final = re.compile(
    r"https://generativelanguage\.googleapis\.com/[a-z0-9]+/files/.*|files/.*"
)
"""What the vendor holds for the account, by its address or its name."""
_STORES: Final = ("fileSearch", "retrieval")
"""Tools that search in what the vendor holds for the account."""

_ACTED_ON: Final = (
    CONTENT_MEMBERS
    | CONTENT_PARTS
    | {
        *("maxOutputTokens", "candidateCount", "responseModalities", "functionDeclarations"),
        *("mcpServers", "streamableHttpTransport", "url", "parts", "fileUri", "mimeType"),
    }
)
_BY_LETTERS: Final[dict[str, str]] = {name.casefold(): name for name in _ACTED_ON}


class GenerateContent(Readable):
    """A format; see `gatebook.formats.Format`."""

    asks = CONTENTS
    answers = CONTENT_REPLY
    tells = CONTENT_EVENT

    def __init__(self, *, generates: bool, streams: bool = False) -> None:
        """What counts or embeds contents takes the same bodies, and has no output to limit."""
        self.stream_type = b"text/event-stream" if streams else b""
        self._generates = generates

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        if self.stream_type and call.query != _AS_EVENTS:
            raise Invalid(
                "stream_form",
                "A stream is served as server-sent events only.",
                "Put ?alt=sse behind the address.",
            )
        asking = _Said()
        asking.ask(call.model)
        json_text.check(call.body)
        asked = _members(json_text.tree(call.body))
        for each in (asked, *_inner(asked)):
            _check_named(each, call.model)
            asking.take(each)
        config = _members(asked.get("generationConfig", {}))
        asking.is_priced_apart |= _is_beside_text(config.get("responseModalities"))
        return replace(
            asking.of(call),
            streamed=bool(self.stream_type),
            max_tokens=_count(config, "maxOutputTokens") if self._generates else 0,
            choices=_count(config, "candidateCount") or 1,
        )

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call as it may leave: a limit of output tokens put in where there is none."""
        if not self._generates or terms.max_tokens is None or call.max_tokens is not None:
            return call
        limit = b'"maxOutputTokens":%d' % terms.max_tokens
        spans = json_text.members(call.body)
        span = spans.get("generationConfig") or spans.get("generation_config")
        if span is None:
            body = json_text.with_first(call.body, b'"generationConfig":{%b}' % limit)
        else:
            body = json_text.replaced(call.body, span, _limited(call.body, span, limit))
        return replace(call, body=body, max_tokens=terms.max_tokens)

    def usage(self, body: bytes) -> Usage:
        """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
        try:
            return usage_of(body)
        except (msgspec.DecodeError, RecursionError):
            raise unreadable() from None

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """A whole reply as the agent may have it."""
        del may_see
        return body

    def stream(self, call: Call) -> ContentStream:
        """The follower of a streamed reply."""
        del call
        return ContentStream()


def _members(value: object) -> dict[str, Any]:
    """An object's members but null ones, by the names used here; raises Invalid for any doubt."""
    if not isinstance(value, dict):
        raise Invalid("invalid_value", "Something else stands where an object is due.")
    found: dict[str, Any] = {}
    for name, held in value.items():
        known = _BY_LETTERS.get(name.replace("_", "").casefold(), str(name))
        if known != name and name != _snake(known):
            raise Invalid(
                "json_member_case",
                f"A member of the JSON object is named {known} but for the way it is written.",
                f"Write it as {known}.",
            )
        if known in found:
            raise Invalid(
                "json_duplicate_member", f"The member {known} is there twice.", "Send it once."
            )
        found[known] = held
    return {name: held for name, held in found.items() if held is not None}


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda letter: letter[1].upper(), name)


def _each(value: object) -> Iterator[dict[str, Any]]:
    """The members of each object of a list; one object may stand where a list is due."""
    yield from map(_members, value if isinstance(value, list) else [] if value is None else [value])


def _inner(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The requests in a body that holds some: what to count the tokens of, what to embed."""
    return [*_each(asked.get("generateContentRequest")), *_each(asked.get("requests"))]


def _check_named(request: dict[str, Any], model: str) -> None:
    """Raise Invalid if a body names another model than its address, which is permitted."""
    named = request.get("model", model)
    if named not in (model, f"models/{model}"):
        raise Invalid(
            "model_mismatch",
            "The body names another model than the address.",
            "Name it in the address only.",
        )


def _count(config: dict[str, Any], name: str) -> int | None:
    """A number that is asked for; raises Invalid for what one reader may take for another."""
    value = config.get(name)
    if value is None or (type(value) is int and 0 < value <= _MAX_INT32):
        return value
    raise Invalid("invalid_value", f"{name} has to be a whole number above 0.")


def _is_beside_text(modalities: object) -> bool:
    """Whether an answer may be something else than text."""
    asked = modalities if isinstance(modalities, list) else [modalities]
    return any(each is not None and each not in ("TEXT", 1) for each in asked)


class _Said(Asking):
    """What is decided on of requests beside their model; raises Invalid for odd shapes."""

    def take(self, request: dict[str, Any]) -> None:
        """One request, or what is counted or embedded in place of one."""
        self.take_members(request, CONTENT_MEMBERS)
        if request.get("cachedContent") or "continuationToken" in request:
            self.look_up()
        self.has_state |= bool(request.get("store"))
        for tool in _each(request.get("tools")):
            for name, value in tool.items():
                self._take_tool(name, value)
        for name in ("contents", "content", "systemInstruction"):
            for content in _each(request.get(name)):
                for part in _each(content.get("parts")):
                    self._take_part(part)

    def _take_tool(self, name: str, value: object) -> None:
        """What is not known is taken for a tool that Google would run."""
        if name == "mcpServers":
            for server in _each(value):
                transport = _members(server.get("streamableHttpTransport", {}))
                self.call_server(_text(transport.get("url")))
        elif name != "functionDeclarations":
            self.run(_camel(name))
            self.has_state |= name in _STORES

    def _take_part(self, part: dict[str, Any]) -> None:
        """A part, those in the answers of functions among them."""
        for name in part.keys() - CONTENT_PARTS:
            raise unknown_kind("content", name)
        self.is_text &= part.keys() <= CONTENT_TEXTS
        for name in part.keys() & {"inlineData", "fileData"}:
            data = _members(part[name])
            self.is_priced_apart |= _text(data.get("mimeType")).lower().startswith("audio/")
            if name == "fileData":
                self._take_file(_text(data.get("fileUri")))
        for inner in _each(_members(part.get("functionResponse", {})).get("parts")):
            self._take_part(inner)

    def _take_file(self, uri: str) -> None:
        if _HELD.fullmatch(uri):
            self.look_up()
        else:
            self.show(uri)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _limited(body: bytes, span: json_text.Span, limit: bytes) -> bytes:
    """A configuration with a limit in it, in place of one that is null."""
    config = body[span.start : span.end]
    if config == b"null":
        return b"{%b}" % limit
    spans = json_text.members(config)
    null = spans.get("maxOutputTokens") or spans.get("max_output_tokens")
    if null is not None:
        return json_text.replaced(config, null, limit.partition(b":")[2])
    return json_text.with_first(config, limit)
