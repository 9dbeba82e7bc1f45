"""Anthropic's messages, whole and streamed, and the counting of their tokens.

Source: Anthropic API reference and the anthropic-sdk-python package, whose reading of streams is
what agents live with. Only the fields acted on are named here; all else keeps its bytes, signed
thinking blocks above all: the next turn breaks if one is rewritten.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.core.errors import Invalid
from gatebook.core.event_stream import EventSplitter, data_of
from gatebook.formats import Call, Terms, Usage, check_model, tokens, unreadable

# What is read of a call: a member that only a reader without regard to case takes for one of these
# would be acted on by the provider and not by us.
_ACTED_ON: Final = frozenset(("model", "stream"))


class _Messages(msgspec.Struct):
    model: str = ""
    stream: bool | None = None


class _Whole(msgspec.Struct):
    usage: Any = None


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    message: _Whole | None = None
    usage: Any = None


_MESSAGES: Final = msgspec.json.Decoder(_Messages)
_WHOLE: Final = msgspec.json.Decoder(_Whole)
_EVENT: Final = msgspec.json.Decoder(_Event)


class Messages:
    """A format; see `gatebook.formats.Format`."""

    def __init__(self, *, may_stream: bool) -> None:
        """Messages stream if asked to; the counting of their tokens takes the same body."""
        self.stream_type = b"text/event-stream" if may_stream else b""

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        json_text.check_unique(call.body, _ACTED_ON)
        messages = json_text.decode(_MESSAGES, call.body)
        model = call.model or messages.model
        check_model(model)
        return replace(call, model=model, streamed=bool(messages.stream and self.stream_type))

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call as it may leave."""
        del terms
        return call

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


class MessageStream:
    """Follows the events of a message, each passed on as it came; `message_stop` waits for `end`.

    `message_start` tells the input tokens, each `message_delta` the output tokens so far.
    """

    def __init__(self) -> None:
        self.usage = Usage()
        self.chunks = 0
        self.is_complete = False
        self.has_failed = False
        self._splitter = EventSplitter()
        self._end = b""
        self._has_begun = False
        self._open: list[int] = []

    def feed(self, data: bytes) -> bytes:
        """What may go on to the agent now; raises Unavailable for what cannot be read."""
        try:
            events = self._splitter.feed(data)
        except Invalid:
            raise unreadable() from None
        return b"".join([self._passed(event) for event in events])

    def end(self) -> bytes:
        """What is still to go on once the outcome is recorded."""
        return self._end

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

    def _passed(self, event: bytes) -> bytes:
        data = data_of(event)
        if self.is_complete or data is None:
            return b"" if self.is_complete else event
        try:
            found = _EVENT.decode(data)
        except (msgspec.DecodeError, RecursionError):
            raise unreadable() from None
        self.chunks += 1
        match found.type:
            case "message_start" if found.message is not None:
                self._has_begun = True
                self.usage = _usage(found.message.usage, self.usage)
            case "content_block_start":
                self._open.append(found.index)
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


def _event(data: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), msgspec.json.encode(data))


def _usage(reported: object, before: Usage) -> Usage:
    """Tokens as reported, where they are; the input includes what the cache was asked for."""
    fresh = tokens(reported, "input_tokens")
    written = tokens(reported, "cache_creation_input_tokens")
    cached = tokens(reported, "cache_read_input_tokens")
    out = tokens(reported, "output_tokens")
    counted = [count for count in (fresh, written, cached) if count is not None]
    return Usage(
        tokens_in=sum(counted) if counted else before.tokens_in,
        tokens_out=before.tokens_out if out is None else out,
        cache_read=before.cache_read if cached is None else cached,
        cache_written=before.cache_written if written is None else written,
    )
