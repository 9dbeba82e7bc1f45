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
    Terms,
    Usage,
    check_model,
    hosted,
    text_bytes,
    tokens,
    unreadable,
)

_MAX_TOKENS: Final = 2**31 - 1
_LONG: Final = "1h"
"""How long a cache lasts that lasts longer than usual."""

_MEDIA: Final = ("image", "document", "video", "audio")
# Members of a block of content that hold all that they bring, as text, and of the source of a block
# of another kind that does.
_TEXT: Final = frozenset(
    (
        *("text", "json", "toolUse", "toolResult", "guardContent", "cachePoint"),
        *("reasoningContent", "citationsContent", "searchResult", "toolAddition", "toolRemoval"),
    )
)
_INLINE: Final = frozenset(("bytes", "text", "content"))
# Fields of models that have no part in Converse and reach nothing but the model.
_PLAIN_FIELDS: Final = frozenset(
    ("top_k", "topK", "thinking", "reasoning_config", "reasoningConfig", "stop_sequences")
)
_ACTED_ON: Final = (
    *("messages", "system", "content", "source", "inferenceConfig", "maxTokens", "toolConfig"),
    *("tools", "toolSpec", "systemTool", "name", "promptVariables", "additionalModelRequestFields"),
    *("serviceTier", "performanceConfig"),
    *(*_MEDIA, *_TEXT, *_INLINE),
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


class Converse:
    """A format; see `gatebook.formats.Format`."""

    def __init__(self, *, streams: bool) -> None:
        """The address alone says whether the reply streams."""
        self.stream_type = b"application/vnd.amazon.eventstream" if streams else b""

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        check_model(call.model)
        json_text.check(call.body)
        asked = _members(json_text.tree(call.body))
        blocks = [*_blocks(asked)]
        return replace(
            call,
            streamed=bool(self.stream_type),
            max_tokens=_limit(asked),
            hosted_tools=tuple(dict.fromkeys([*_hosted(asked), *_additional(asked)])),
            state="asked" if asked.get("promptVariables") else "none",
            has_references=any(map(_is_elsewhere, blocks)),
            is_text=all(block.keys() <= _TEXT for block in blocks),
        )

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


def _hosted(asked: dict[str, Any]) -> Iterator[str]:
    """The tools of a call that the vendor would run; what is not known is taken for one."""
    for tool in _each(_members(asked.get("toolConfig", {})).get("tools", [])):
        for kind, value in tool.items():
            if kind == "systemTool":
                yield _tool(_members(value).get("name"))
            elif kind not in ("toolSpec", "cachePoint"):
                yield _tool(kind)


def _additional(asked: dict[str, Any]) -> Iterator[str]:
    """Fields that go to the model as they are: there a vendor's own tools can be asked for."""
    for name in _members(asked.get("additionalModelRequestFields", {})):
        if name not in _PLAIN_FIELDS:
            yield f"additional:{_tool(name)}"


def _tool(name: object) -> str:
    return hosted(name if isinstance(name, str) else "")


def _blocks(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every block of content, those in the results of tools among them."""
    yield from _each(asked.get("system", []))
    for message in _each(asked.get("messages", [])):
        for block in _each(message.get("content", [])):
            yield block
            if "toolResult" in block:
                yield from _each(_members(block["toolResult"]).get("content", []))


def _is_elsewhere(block: dict[str, Any]) -> bool:
    """Whether a block names something that is not in it; what nobody knows may."""
    for kind, value in block.items():
        if kind in _MEDIA:
            source = _members(_members(value).get("source", {}))
            if not source.keys() <= _INLINE:
                return True
        elif kind not in _TEXT:
            return True
    return False


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
