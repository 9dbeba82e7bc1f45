"""Anthropic's messages, whole and streamed, and the counting of their tokens.

Source: Anthropic API reference and the anthropic-sdk-python package, whose reading of streams is
what agents live with. Only the fields acted on are named here; all else keeps its bytes, signed
thinking blocks above all: the next turn breaks if one is rewritten.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import astuple, replace

from gatebook.core import json_text
from gatebook.formats import (
    Call,
    Follower,
    Limit,
    Readable,
    Terms,
    Usage,
    text_bytes,
    tokens,
    unreadable,
)
from gatebook.formats.asking import Asking, unknown_kind
from gatebook.formats.event_grammar import MESSAGE_EVENT
from gatebook.formats.grammar import MESSAGE_REPLY, MESSAGES
from gatebook.formats.vocabulary import MESSAGE_BLOCKS, MESSAGE_MEMBERS, MESSAGE_RESULTS

# What is read of a call: a member that only a reader without regard to case takes for one of these
# would be acted on by the provider and not by us.
ACTED_ON: Final = frozenset(
    (
        "model",
        "stream",
        "max_tokens",
        "messages",
        "system",
        "tools",
        "mcp_servers",
        "container",
        "thread",
        "fallbacks",
        "inference_geo",
        "compaction",
        "context_management",
    )
)
_OF_TOOL: Final = frozenset(("type", "mcp_server_name", "model"))
_OF_SERVER: Final = frozenset(("name", "url"))
_OF_CONTAINER: Final = frozenset(("id", "skills"))
_OF_SKILL: Final = frozenset(("skill_id",))
_OF_FALLBACK: Final = frozenset(("model", "max_tokens"))
_OF_MESSAGE: Final = frozenset(("content",))
_OF_BLOCK: Final = frozenset(("type", "source", "content", "tool", "tool_changes"))
_OF_SOURCE: Final = frozenset(("type", "content", "url"))
_OF_MANAGEMENT: Final = frozenset(("edits",))
_OF_EDIT: Final = frozenset(("type",))
_OF_CHANGE: Final = frozenset(("type", "definition"))

# Tools whose schema is Anthropic's and which the agent runs itself.
_OUR_TOOLS: Final = re.compile(
    r"(?:custom|(?:bash|text_editor|memory|computer|computer_toolset|browser_toolset)_[0-9]{8})?"
)
_TOOL_SEARCH: Final = "tool_search_tool_"
_COMPACTION: Final = "compact_"
_WHOLE_SOURCES: Final = frozenset(("base64", "text"))


class _Messages(msgspec.Struct):
    model: str | None = None
    stream: bool | None = None
    max_tokens: Limit | None = None
    inference_geo: str | None = None


class _Whole(msgspec.Struct):
    usage: Any = None


class _Delta(msgspec.Struct):
    text: msgspec.Raw = msgspec.Raw()
    partial_json: msgspec.Raw = msgspec.Raw()
    thinking: msgspec.Raw = msgspec.Raw()


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    message: _Whole | None = None
    delta: _Delta | None = None
    usage: Any = None


_LIMIT: Final[msgspec.json.Decoder[int | None]] = msgspec.json.Decoder(Limit | None)
_MESSAGES: Final = msgspec.json.Decoder(_Messages)
_WHOLE: Final = msgspec.json.Decoder(_Whole)
_EVENT: Final = msgspec.json.Decoder(_Event)


class Messages(Readable):
    """A format; see `gatebook.formats.Format`."""

    asks = MESSAGES
    answers = MESSAGE_REPLY
    tells = MESSAGE_EVENT

    def __init__(self, *, may_stream: bool) -> None:
        """Messages stream if asked to; the counting of their tokens takes the same body."""
        self.stream_type = b"text/event-stream" if may_stream else b""

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        found = json_text.check_unique(call.body, ACTED_ON)
        asked = json_text.decode(_MESSAGES, call.body)
        said = _Said(found)
        said.ask(call.model or asked.model or "")
        limits = [most for most in (asked.max_tokens, *said.limits) if most is not None]
        return replace(
            said.of(call),
            model=call.model or asked.model,
            streamed=bool(asked.stream and self.stream_type),
            max_tokens=(max(limits) if limits else None) if self.stream_type else 0,
            geography=asked.inference_geo or "",
        )

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call with a limit to its output tokens where it has none."""
        if terms.max_tokens is None or call.max_tokens is not None:
            return call
        body = json_text.with_member(call.body, "max_tokens", b"%d" % terms.max_tokens)
        return replace(call, body=body, max_tokens=terms.max_tokens)

    def usage(self, body: bytes) -> Usage:
        """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
        try:
            return _usage(_WHOLE.decode(body).usage, Usage())
        except (msgspec.DecodeError, RecursionError):
            raise unreadable() from None

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """A whole reply as the agent may have it."""
        del may_see
        return body

    def stream(self, call: Call) -> "MessageStream":
        """The follower of a streamed reply."""
        del call
        return MessageStream()


class MessageStream(Follower):
    """Follows the events of a message, each passed on as it came; `message_stop` waits for `end`.

    `message_start` tells the input tokens, each `message_delta` the output tokens so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self._has_begun = False
        self._open: list[int] = []

    def cut(self) -> bytes:
        """A refusal, which is how the model itself stops early: open blocks end, then the message.

        The output tokens are those reported so far.
        """
        if not self._has_begun:
            return b""
        delta: dict[str, Any] = {
            "type": "message_delta",
            "delta": {"stop_reason": "refusal", "stop_sequence": None},
            "usage": {"output_tokens": self.usage.tokens_out},
        }
        closed = [_event({"type": "content_block_stop", "index": index}) for index in self._open]
        return b"".join([*closed, _event(delta), _event({"type": "message_stop"})])

    def error_event(self, body: bytes) -> bytes:
        """A failure in the middle of the stream: APIStatusError, and the SDK does not retry."""
        return b"event: error\ndata: " + body + b"\n\n"

    def _passed(self, event: bytes, data: bytes) -> bytes:
        found = _EVENT.decode(data)
        self.chunks += 1
        match found.type:
            case "message_start" if found.message is not None:
                self._has_begun = True
                self.usage = _usage(found.message.usage, self.usage)
            case "content_block_start":
                self._open.append(found.index)
            case "content_block_delta" if found.delta is not None:
                delta = found.delta
                self.text_bytes += sum(
                    map(text_bytes, (delta.text, delta.partial_json, delta.thinking))
                )
            case "content_block_stop":
                self._open = [index for index in self._open if index != found.index]
            case "message_delta":
                self.usage = _usage(found.usage, self.usage)
            case "error":
                self.has_failed = True
            case "message_stop":
                self.is_complete = True
                self._end = event
                return b""
        return event


class _Said(Asking):
    """What is decided on of a body beside its model; raises Invalid for what cannot be read."""

    def __init__(self, found: Mapping[str, msgspec.Raw]) -> None:
        super().__init__()
        self.limits: list[int | None] = []
        self.take_members(found, MESSAGE_MEMBERS)
        if json_text.is_set(found.get("thread")):
            self.look_up()
        self.is_repeated = _is_compacted(found)
        self._servers: set[str] = set()
        for server in json_text.objects(found.get("mcp_servers"), _OF_SERVER):
            name = json_text.text_of(server.get("name"))
            self._servers.add(name)
            self.call_server(json_text.text_of(server.get("url")))
        for tool in json_text.objects(found.get("tools"), _OF_TOOL):
            self._take_tool(tool)
        self._take_container(found.get("container"))
        self._take_fallbacks(found.get("fallbacks"))
        said = json_text.objects(found.get("messages"), _OF_MESSAGE)
        contents = [found.get("system"), *[message.get("content") for message in said]]
        while contents:
            blocks, contents = json_text.objects_in(contents, _OF_BLOCK), []
            for block in blocks:
                self._take_block(block, contents)

    def _take_tool(self, tool: Mapping[str, msgspec.Raw]) -> None:
        kind = json_text.text_of(tool.get("type"))
        if _OUR_TOOLS.fullmatch(kind):
            return
        if kind == "mcp_toolset":
            name = json_text.text_of(tool.get("mcp_server_name"))
            if name not in self._servers:
                self.run_of("mcp", name)
        elif kind.startswith(_TOOL_SEARCH):
            self.run("tool_search")
        elif kind.startswith("advisor_"):
            self.run_of("advisor", json_text.text_of(tool.get("model")))
        else:
            self.run(kind)

    def _take_container(self, container: msgspec.Raw | None) -> None:
        """A place at the vendor's where code runs, which may be one of an earlier call."""
        if not json_text.is_set(container):
            return
        self.run("container")
        if not json_text.begins(container, b"{"):
            self.has_state |= bool(json_text.text_of(container))
            return
        found = json_text.object_of(container, _OF_CONTAINER)
        self.has_state |= json_text.is_set(found.get("id"))
        for skill in json_text.objects(found.get("skills"), _OF_SKILL):
            self.run_of("skill", json_text.text_of(skill.get("skill_id")))

    def _take_fallbacks(self, fallbacks: msgspec.Raw | None) -> None:
        """Models that the vendor may answer with instead, each with a limit of its own."""
        if json_text.begins(fallbacks, b'"'):
            self.run_of("fallback", json_text.text_of(fallbacks))
            return
        for fallback in json_text.objects(fallbacks, _OF_FALLBACK):
            self.run_of("fallback", json_text.text_of(fallback.get("model")))
            limit = bytes(fallback.get("max_tokens") or b"null")
            self.limits.append(json_text.decode(_LIMIT, limit))

    def _take_block(
        self, block: Mapping[str, msgspec.Raw], within: list[msgspec.Raw | None]
    ) -> None:
        """A part of what is said; `within` takes the content that it has itself."""
        match json_text.text_of(block.get("type")):
            case kind if kind in MESSAGE_BLOCKS:
                within.append(block.get("tool_changes"))  # of what was summed up
            case kind if kind in MESSAGE_RESULTS:
                self.is_text = False
            case "tool_result" | "mcp_tool_result":
                within.append(block.get("content"))
            case "web_fetch_tool_result":
                result = json_text.object_of(block.get("content"), _OF_BLOCK)
                self.is_text = False
                within.append(msgspec.Raw(b"[%b]" % bytes(result.get("content") or b"")))
            case "image" | "document":
                self._take_source(json_text.object_of(block.get("source"), _OF_SOURCE), within)
            case "container_upload":
                self.look_up()
            case "tool_addition":
                self._take_change(block.get("tool"))
            case kind:
                raise unknown_kind("content", kind)

    def _take_source(
        self, source: Mapping[str, msgspec.Raw], within: list[msgspec.Raw | None]
    ) -> None:
        self.is_text = False
        match json_text.text_of(source.get("type")):
            case kind if kind in _WHOLE_SOURCES:
                pass
            case "content":
                within.append(source.get("content"))
            case "url":
                self.show(json_text.text_of(source.get("url")))
            case "file":
                self.look_up()
            case kind:
                raise unknown_kind("content", kind)

    def _take_change(self, change: msgspec.Raw | None) -> None:
        """A tool that is offered in the middle of a conversation."""
        found = json_text.object_of(change, _OF_CHANGE)
        match json_text.text_of(found.get("type")):
            case "tool_reference" | "mcp_tool_reference" | "mcp_toolset_reference":
                pass  # what they refer to is among the tools and servers of the call
            case "tool_definition":
                self._take_tool(json_text.object_of(found.get("definition"), _OF_TOOL))
            case kind:
                self.run(kind)


def _is_compacted(found: Mapping[str, msgspec.Raw]) -> bool:
    """Whether the model may be asked, once more and unseen, to sum up what was said."""
    management = json_text.object_of(found.get("context_management"), _OF_MANAGEMENT)
    edits = json_text.objects(management.get("edits"), _OF_EDIT)
    kinds = [json_text.text_of(edit.get("type")) for edit in edits]
    return json_text.is_set(found.get("compaction")) or any(
        kind.startswith(_COMPACTION) for kind in kinds
    )


def _event(data: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), msgspec.json.encode(data))


def _usage(reported: object, before: Usage) -> Usage:
    """Tokens as reported, where they are, and at least those of all iterations together.

    What compaction used, and other models, is told of each iteration only.
    """
    told = _counted(reported, before)
    iterations = reported.get("iterations") if isinstance(reported, dict) else None
    if not isinstance(iterations, list):
        return told
    each = [astuple(_counted(iteration, Usage())) for iteration in iterations]
    return Usage(
        *[max(sum(column), most) for most, *column in zip(astuple(told), *each, strict=True)]
    )


def _counted(reported: object, before: Usage) -> Usage:
    """Tokens of one count, where they are; the input includes what the cache was asked for."""
    fresh = tokens(reported, "input_tokens")
    written = tokens(reported, "cache_creation_input_tokens")
    cached = tokens(reported, "cache_read_input_tokens")
    creation = reported.get("cache_creation") if isinstance(reported, dict) else None
    long = tokens(creation, "ephemeral_1h_input_tokens")
    out = tokens(reported, "output_tokens")
    counted = [count for count in (fresh, written, cached) if count is not None]
    return Usage(
        tokens_in=sum(counted) if counted else before.tokens_in,
        tokens_out=before.tokens_out if out is None else out,
        cache_read=before.cache_read if cached is None else cached,
        cache_written=before.cache_written if written is None else written,
        cache_written_long=before.cache_written_long if long is None else long,
    )
