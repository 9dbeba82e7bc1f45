"""Amazon Bedrock's Converse, whole and streamed as messages of Amazon's event stream.

Source: Bedrock Runtime API reference and the service model in botocore, whose reading of replies is
what agents live with. Only the fields acted on are named here; all else keeps its bytes, signatures
of reasoning among it.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.core.amazon_events import Message, MessageSplitter, encode
from gatebook.core.errors import Invalid
from gatebook.formats import (
    Call,
    Readable,
    Terms,
    Usage,
    text_bytes,
    tokens,
    unreadable,
)
from gatebook.formats.asking import Asking, unknown_kind
from gatebook.formats.event_grammar import CONVERSE_EVENT
from gatebook.formats.events import AmazonMessages
from gatebook.formats.grammar import CONVERSE, CONVERSE_REPLY
from gatebook.formats.vocabulary import (
    CONVERSE_INLINE,
    CONVERSE_MEDIA,
    CONVERSE_MEMBERS,
    CONVERSE_TEXTS,
)

_MAX_TOKENS: Final = 2**31 - 1
_LONG: Final = "1h"
"""How long a cache lasts that lasts longer than usual."""

_SOURCES: Final = CONVERSE_INLINE | {"s3Location"}
_GEOGRAPHIES: Final = {
    **{name: name for name in ("us", "us-gov", "eu", "ca", "sa", "me", "af", "il", "global")},
    **dict.fromkeys(("apac", "jp", "au"), "ap"),
}
"""What the id of an inference profile may begin with, and with what its regions do: Bedrock
computes in any of them."""
_OF_REFERENCE: Final = frozenset(("type", "name", "serverName"))
"""What names a tool that is among those of the call."""
# Fields of models that have no part in Converse and reach nothing but the model.
_PLAIN_FIELDS: Final = frozenset(
    ("top_k", "topK", "thinking", "reasoning_config", "reasoningConfig", "stop_sequences")
)
_ACTED_ON: Final = (
    *("content", "source", "maxTokens", "tools", "toolSpec", "systemTool", "name", "tool"),
    *(*CONVERSE_MEMBERS, *CONVERSE_MEDIA, *CONVERSE_TEXTS, *_SOURCES),
)
_BY_LETTERS: Final[dict[str, str]] = {name.casefold(): name for name in _ACTED_ON}

# What a failure is called in a stream; whatever else it is comes as one of the model's.
_IN_STREAM: Final = {
    "InternalServerException": "internalServerException",
    "ServiceUnavailableException": "serviceUnavailableException",
    "ThrottlingException": "throttlingException",
    "ValidationException": "validationException",
}
_OTHERWISE: Final = "modelStreamErrorException"
_JSON: Final = {":content-type": "application/json"}


class _Reply(msgspec.Struct):
    usage: Any = None


_ABSENT: Final = msgspec.Raw()


class _Delta(msgspec.Struct, rename="camel"):
    text: msgspec.Raw = _ABSENT
    tool_use: msgspec.Raw = _ABSENT
    reasoning_content: msgspec.Raw = _ABSENT


class _Block(msgspec.Struct, rename="camel"):
    content_block_index: int = 0
    delta: _Delta | None = None


class _Failure(msgspec.Struct):
    kind: str = msgspec.field(name="__type", default="")
    message: str = ""


_REPLY: Final = msgspec.json.Decoder(_Reply)
_BLOCK: Final = msgspec.json.Decoder(_Block)
_FAILURE: Final = msgspec.json.Decoder(_Failure)


class Converse(Readable):
    """A format; see `gatebook.formats.Format`."""

    asks = CONVERSE
    answers = CONVERSE_REPLY
    tells = CONVERSE_EVENT

    def __init__(self, *, streams: bool) -> None:
        """The address alone says whether the reply streams."""
        self.stream_type = b"application/vnd.amazon.eventstream" if streams else b""

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        asked = _members(json_text.tree(call.body))
        said = _Said(asked)
        said.ask(call.model)
        return replace(
            said.of(call),
            streamed=bool(self.stream_type),
            max_tokens=_limit(asked),
            geography=_geography(call.model),
        )

    def cutter(self) -> AmazonMessages:
        """What cuts a streamed reply into its messages."""
        return AmazonMessages()

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call as it may leave: a limit of output tokens put in where there is none."""
        if terms.max_tokens is None or call.max_tokens is not None:
            return call
        value = b"%d" % terms.max_tokens
        span = json_text.members(call.body).get("inferenceConfig")
        if span is None:
            added = b'"inferenceConfig":{"maxTokens":%b}' % value
            body = json_text.with_first(call.body, added)
        else:
            body = json_text.replaced(call.body, span, _limited(call.body, span, value))
        return replace(call, body=body, max_tokens=terms.max_tokens)

    def usage(self, body: bytes) -> Usage:
        """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
        try:
            return _usage(_REPLY.decode(body).usage)
        except (msgspec.DecodeError, RecursionError):
            raise unreadable() from None

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """A whole reply as the agent may have it."""
        del may_see
        return body

    def stream(self, call: Call) -> "ConverseStream":
        """The follower of a streamed reply."""
        del call
        return ConverseStream()


class ConverseStream:
    """Follows the messages of a stream, each passed on as it came; `messageStop` and `metadata`,
    which tells the tokens, wait for `end`."""

    def __init__(self) -> None:
        self.usage = Usage()
        self.chunks = 0
        self.text_bytes = 0
        self.is_complete = False
        self.has_failed = False
        self._splitter = MessageSplitter()
        self._end = b""
        self._has_begun = False
        self._open: list[int] = []

    def feed(self, data: bytes) -> bytes:
        """What may go on to the agent now; raises Unavailable for what cannot be read."""
        try:
            return b"".join([self._passed(message) for message in self._splitter.feed(data)])
        except (Invalid, msgspec.DecodeError, RecursionError):
            raise unreadable() from None

    def close(self) -> bytes:
        """Without `metadata` the message is complete all the same, and its tokens are unknown."""
        self.is_complete = bool(self._end) and self._splitter.is_between
        return b""

    def end(self) -> bytes:
        """What is still to go on once the outcome is recorded."""
        return self._end

    def cut(self) -> bytes:
        """What a guardrail does: open blocks end, then the message; nobody counted its tokens."""
        if not self._has_begun:
            return b""
        closed = [_event("contentBlockStop", {"contentBlockIndex": each}) for each in self._open]
        usage = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
        return b"".join(
            [
                *closed,
                _event("messageStop", {"stopReason": "guardrail_intervened"}),
                _event("metadata", {"usage": usage, "metrics": {"latencyMs": 0}}),
            ]
        )

    def error_event(self, body: bytes) -> bytes:
        """A failure in the middle of the stream: EventStreamError, which is not sent again."""
        failure = _FAILURE.decode(body)
        kind = _IN_STREAM.get(failure.kind, _OTHERWISE)
        headers = {":message-type": "exception", ":exception-type": kind, **_JSON}
        return encode(headers, msgspec.json.encode({"message": failure.message}))

    def _passed(self, message: Message) -> bytes:
        if self.is_complete:
            return b""
        self.chunks += 1
        if message.headers.get(":message-type") != "event":
            self.has_failed = True
            ahead, self._end = self._end, b""
            return ahead + message.raw
        match message.headers.get(":event-type"):
            case "messageStart":
                self._has_begun = True
            case "contentBlockStart" | "contentBlockDelta":
                block = _BLOCK.decode(message.payload)
                self.text_bytes += _written(block.delta)
                if block.content_block_index not in self._open:
                    self._open.append(block.content_block_index)
            case "contentBlockStop":
                index = _BLOCK.decode(message.payload).content_block_index
                self._open = [each for each in self._open if each != index]
            case "messageStop":
                self._end = message.raw
                return b""
            case "metadata":
                self.usage = _usage(_REPLY.decode(message.payload).usage)
                self.is_complete = bool(self._end)
        if self._end:
            self._end += message.raw
            return b""
        return message.raw


def _members(value: object) -> dict[str, Any]:
    """An object's members but null ones; raises Invalid for any doubt about what is acted on."""
    if not isinstance(value, dict):
        raise Invalid("invalid_value", "Something else stands where an object is due.")
    for name in value:
        known = _BY_LETTERS.get(name.casefold(), name)
        if known != name:
            raise Invalid(
                "json_member_case",
                f"A member of the JSON object is named {known} but for its case.",
                f"Write it as {known}.",
            )
    return {name: held for name, held in value.items() if held is not None}


def _each(value: object) -> Iterator[dict[str, Any]]:
    if not isinstance(value, list):
        raise Invalid("invalid_value", "Something else stands where a list is due.")
    yield from map(_members, value)


def _limit(asked: dict[str, Any]) -> int | None:
    value = _members(asked.get("inferenceConfig", {})).get("maxTokens")
    if value is None or (type(value) is int and 0 < value <= _MAX_TOKENS):
        return value
    raise Invalid("invalid_value", "maxTokens has to be a whole number above 0.")


def _geography(model: str) -> str:
    prefix, _, rest = model.partition(".")
    return _GEOGRAPHIES.get(prefix, "") if "." in rest else ""


class _Said(Asking):
    """What is decided on of a body beside its model; raises Invalid for odd shapes."""

    def __init__(self, asked: dict[str, Any]) -> None:
        super().__init__()
        self.take_members(asked, CONVERSE_MEMBERS)
        if asked.get("promptVariables"):
            self.has_state = True
        for tool in _each(_members(asked.get("toolConfig", {})).get("tools", [])):
            self._take_tool(tool)
        # Fields that go to the model as they are: there a vendor's own tools can be asked for.
        for name in _members(asked.get("additionalModelRequestFields", {})):
            if name not in _PLAIN_FIELDS:
                self.run_of("additional", name)
        for content in (asked, *_each(asked.get("messages", []))):
            for block in _each(content.get("system" if content is asked else "content", [])):
                self._take_block(block)

    def _take_tool(self, tool: dict[str, Any]) -> None:
        """What is not known is taken for a tool that the vendor would run."""
        for kind, value in tool.items():
            if kind == "systemTool":
                name = _members(value).get("name")
                self.run(name if isinstance(name, str) else "")
            elif kind not in ("toolSpec", "cachePoint"):
                self.run(kind)

    def _take_block(self, block: dict[str, Any]) -> None:
        """A block of content, those in the results of tools among them."""
        for kind, value in block.items():
            if kind in CONVERSE_MEDIA:
                self.is_text = False
                self.is_priced_apart |= kind == "audio"
                self._take_source(_members(_members(value).get("source", {})))
            elif kind == "toolResult":
                for inner in _each(_members(value).get("content", [])):
                    self._take_block(inner)
            elif kind == "toolAddition":
                tool = _members(_members(value).get("tool", {}))
                self._take_tool({name: tool[name] for name in tool.keys() - _OF_REFERENCE})
            elif kind not in CONVERSE_TEXTS:
                raise unknown_kind("content", kind)

    def _take_source(self, source: dict[str, Any]) -> None:
        for kind in source.keys() - _SOURCES:
            raise unknown_kind("content", kind)
        if "s3Location" in source:
            self.look_up()


def _limited(body: bytes, span: json_text.Span, value: bytes) -> bytes:
    """A configuration with a limit in it, in place of one that is null."""
    config = body[span.start : span.end]
    if config == b"null":
        return b'{"maxTokens":%b}' % value
    null = json_text.members(config).get("maxTokens")
    if null is not None:
        return json_text.replaced(config, null, value)
    return json_text.with_first(config, b'"maxTokens":' + value)


def _written(delta: _Delta | None) -> int:
    """Bytes of what the model wrote, of what is not just text about."""
    if delta is None:
        return 0
    others = len(delta.tool_use) + len(delta.reasoning_content)
    return text_bytes(delta.text) + others


def _event(kind: str, payload: dict[str, Any]) -> bytes:
    headers = {":event-type": kind, **_JSON, ":message-type": "event"}
    return encode(headers, msgspec.json.encode(payload))


def _usage(reported: object) -> Usage:
    """Tokens as reported; the input is told without what went to or came from a cache."""
    read = tokens(reported, "cacheReadInputTokens") or 0
    written = tokens(reported, "cacheWriteInputTokens") or 0
    details = reported.get("cacheDetails") if isinstance(reported, dict) else None
    long = [each for each in details or [] if isinstance(each, dict) and each.get("ttl") == _LONG]
    return Usage(
        tokens_in=(tokens(reported, "inputTokens") or 0) + read + written,
        tokens_out=tokens(reported, "outputTokens") or 0,
        cache_read=read,
        cache_written=written,
        cache_written_long=min(written, sum(tokens(each, "inputTokens") or 0 for each in long)),
    )
