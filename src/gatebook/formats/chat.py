"""Chat completions, whole and streamed, as OpenAI defines them and many others speak them.

Source: OpenAI API reference and the openai-python SDK, whose reading of streams is what agents live
with. Only the fields acted on are named here; all else keeps its bytes.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.core.errors import Invalid
from gatebook.core.event_stream import EventSplitter, data_of
from gatebook.formats import Call, Terms, Usage, check_model, tokens, unreadable

_DONE: Final = b"[DONE]"

# What is read of a call: a member that only a reader without regard to case takes for one of these
# would be acted on by the provider and not by us.
_ACTED_ON: Final = frozenset(("model", "stream", "stream_options"))
_OPTIONS_ACTED_ON: Final = frozenset(("include_usage",))


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Chat(msgspec.Struct):
    model: str = ""
    stream: bool | None = None
    stream_options: _StreamOptions | None = None


class _Whole(msgspec.Struct):
    usage: Any = None


class _Choice(msgspec.Struct):
    index: int = 0
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    id: str = ""
    created: int = 0
    model: str = ""
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


_CHAT: Final = msgspec.json.Decoder(_Chat)
_WHOLE: Final = msgspec.json.Decoder(_Whole)
_CHUNK: Final = msgspec.json.Decoder(_Chunk)


class Chat:
    """A format; see `gatebook.formats.Format`."""

    stream_type = b"text/event-stream"

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        json_text.check_unique(call.body, _ACTED_ON)
        chat = json_text.decode(_CHAT, call.body)
        model = call.model or chat.model
        check_model(model)
        if not chat.stream:
            return replace(call, model=model)
        return replace(
            call,
            model=model,
            streamed=True,
            hides_usage=chat.stream_options is None or not chat.stream_options.include_usage,
            body=_asking_for_usage(call.body),
        )

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call as it may leave."""
        del terms
        return call

    def usage(self, body: bytes) -> Usage:
        """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
        try:
            return _usage(_WHOLE.decode(body).usage)
        except (msgspec.DecodeError, RecursionError):
            raise unreadable() from None

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """A whole reply as the agent may have it."""
        del may_see
        return body

    def stream(self, call: Call) -> "ChatStream":
        """The follower of a streamed reply."""
        return ChatStream(hides_usage=call.hides_usage)


class ChatStream:
    """Follows a stream of chat.completion.chunk events, each passed on as it came.

    With `hides_usage` the extra last chunk, which we asked for and the agent did not, is dropped:
    simple clients index its empty `choices`. `data: [DONE]` waits for `end`.
    """

    def __init__(self, *, hides_usage: bool) -> None:
        self.usage = Usage()
        self.chunks = 0
        self.is_complete = False
        self.has_failed = False
        self._hides_usage = hides_usage
        self._splitter = EventSplitter()
        self._end = b""
        self._last: _Chunk | None = None
        self._open: set[int] = set()

    def feed(self, data: bytes) -> bytes:
        """What may go on to the agent now; raises Unavailable for what cannot be read."""
        try:
            events = self._splitter.feed(data)
        except Invalid:
            raise unreadable() from None
        if len(events) == 1:
            return self._passed(events[0])
        return b"".join([self._passed(event) for event in events])

    def end(self) -> bytes:
        """What is still to go on once the outcome is recorded."""
        return self._end

    def cut(self) -> bytes:
        """An end that a filter of content makes: a last chunk for each open choice, and [DONE]."""
        last = self._last
        if last is None:
            return b""
        chunk = {
            "id": last.id,
            "object": "chat.completion.chunk",
            "created": last.created,
            "model": last.model,
            "choices": [
                {"index": index, "delta": {}, "finish_reason": "content_filter"}
                for index in sorted(self._open)
            ],
        }
        return b"data: " + msgspec.json.encode(chunk) + b"\n\ndata: [DONE]\n\n"

    def error_event(self, body: bytes) -> bytes:
        """A failure in the middle of the stream: the SDK raises APIError and does not retry."""
        return b"data: " + body + b"\n\n"

    def _passed(self, event: bytes) -> bytes:
        data = data_of(event)
        if self.is_complete or data is None:
            return b"" if self.is_complete else event
        if data.strip() == _DONE:
            self.is_complete = True
            self._end = event
            return b""
        try:
            chunk = _CHUNK.decode(data)
        except (msgspec.DecodeError, RecursionError):
            raise unreadable() from None
        self.chunks += 1
        if chunk.error is not None:
            self.has_failed = True
        if chunk.choices:
            self._last = chunk
            for choice in chunk.choices:
                if choice.finish_reason is None:
                    self._open.add(choice.index)
                else:
                    self._open.discard(choice.index)
        if chunk.usage is not None:
            self.usage = _usage(chunk.usage)
            if self._hides_usage and not chunk.choices:
                return b""
        return event


def _asking_for_usage(body: bytes) -> bytes:
    """The body with `stream_options.include_usage` true, every other byte as it was."""
    options = json_text.members(body).get("stream_options")
    if options is None:
        return json_text.with_first(body, b'"stream_options":{"include_usage":true}')
    value = body[options.start : options.end]
    if value == b"null":
        return json_text.replaced(body, options, b'{"include_usage":true}')
    members = json_text.members(value)
    json_text.check_case(members, _OPTIONS_ACTED_ON)
    asked = members.get("include_usage")
    if asked is None:
        value = json_text.with_first(value, b'"include_usage":true')
    else:
        value = json_text.replaced(value, asked, b"true")
    return json_text.replaced(body, options, value)


def _usage(reported: object) -> Usage:
    return Usage(tokens(reported, "prompt_tokens") or 0, tokens(reported, "completion_tokens") or 0)
