"""Chat completions, and the older completions of text, as OpenAI and many others speak them.

Source: OpenAI API reference and the openai-python SDK, whose reading of streams is what agents live
with. Only the fields acted on are named here; all else keeps its bytes.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.formats import (
    Call,
    Count,
    Follower,
    Limit,
    Terms,
    Usage,
    check_model,
    hosted,
    is_inline,
    mcp_server,
    text_bytes,
    tokens,
    unreadable,
)

_DONE: Final = b"[DONE]"

# Members that have the vendor look things up elsewhere: of OpenAI, Azure, xAI, Qwen and OpenRouter.
_ASKING: Final = {
    "web_search_options": "web_search",
    "data_sources": "data_sources",
    "search_parameters": "web_search",
    "enable_search": "web_search",
    "plugins": "plugins",
}
# What is read of a call: a member that only a reader without regard to case takes for one of these
# would be acted on by the provider and not by us.
ACTED_ON: Final = frozenset(
    (
        "model",
        "models",
        "messages",
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        "n",
        "store",
        "tools",
        *_ASKING,
    )
)
_OF_COMPLETION: Final = frozenset(
    ("model", "prompt", "stream", "stream_options", "max_tokens", "n", "best_of")
)
_OF_OPTIONS: Final = frozenset(("include_usage",))
_OF_TOOL: Final = frozenset(("type", "function", "server_url"))
_OF_MESSAGE: Final = frozenset(("content", "audio"))
_OF_PART: Final = frozenset(("type", "image_url", "file"))
_OF_IMAGE: Final = frozenset(("url",))
_OF_FILE: Final = frozenset(("file_id", "file_data"))

_OUR_TOOLS: Final = frozenset(("function", "custom"))
_TEXT_PARTS: Final = frozenset(("text", "refusal"))
_WHOLE_PARTS: Final = frozenset(("text", "refusal", "input_audio"))

_TOOL_FRAME: Final = len('[{"index":0,"function":{"arguments":""}}]')
"""What stands around a part of a tool call's arguments."""


class _Said(NamedTuple):
    """Whether all of what is said stands in the body, and whether as text."""

    is_whole: bool
    is_text: bool


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Chat(msgspec.Struct):
    model: str | None = None
    models: list[str] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: Limit | None = None
    max_completion_tokens: Limit | None = None
    n: Count | None = None
    store: bool | None = None


class _Completion(msgspec.Struct):
    prompt: str | list[str | int | list[int]] | None = None
    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: Limit | None = None
    n: Count | None = None
    best_of: Count | None = None


class _Whole(msgspec.Struct):
    usage: Any = None


class _Delta(msgspec.Struct):
    content: msgspec.Raw = msgspec.Raw()
    tool_calls: msgspec.Raw = msgspec.Raw()


class _Choice(msgspec.Struct):
    index: int = 0
    finish_reason: str | None = None
    delta: _Delta | None = None
    text: msgspec.Raw = msgspec.Raw()


class _Chunk(msgspec.Struct):
    id: str = ""
    created: int = 0
    model: str = ""
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


_CHAT: Final = msgspec.json.Decoder(_Chat)
_COMPLETION: Final = msgspec.json.Decoder(_Completion)
_WHOLE: Final = msgspec.json.Decoder(_Whole)
_CHUNK: Final = msgspec.json.Decoder(_Chunk)


class Chat:
    """A format; see `gatebook.formats.Format`."""

    stream_type = b"text/event-stream"

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        found = json_text.check_unique(call.body, ACTED_ON)
        chat = json_text.decode(_CHAT, call.body)
        model = call.model or chat.model or ""
        check_model(model)
        said = _said(found.get("messages"))
        asked = [most for most in (chat.max_tokens, chat.max_completion_tokens) if most is not None]
        read = replace(
            call,
            model=model,
            max_tokens=max(asked) if asked else None,
            choices=chat.n or 1,
            hosted_tools=_hosted(found, chat.models or ()),
            state="asked" if chat.store else "none",
            has_references=not said.is_whole,
            is_text=said.is_text,
        )
        return _streamed(read, chat.stream_options, found) if chat.stream else read

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call with a limit to its output tokens where it has none, and asking for its usage.

        OpenAI's newer models take no `max_tokens`, many other servers nothing but that.
        """
        if call.hides_usage and "stream_options" in terms.knows:
            call = replace(call, body=_asking_for_usage(call.body))
        if terms.max_tokens is None or call.max_tokens is not None:
            return call
        is_new = "max_completion_tokens" in terms.knows
        name = "max_completion_tokens" if is_new else "max_tokens"
        body = json_text.with_member(call.body, name, b"%d" % terms.max_tokens)
        return replace(call, body=body, max_tokens=terms.max_tokens)

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


class Completions(Chat):
    """The older format, which completes text; its replies differ in what a choice holds."""

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        found = json_text.check_unique(call.body, _OF_COMPLETION)
        asked = json_text.decode(_COMPLETION, call.body)
        model = call.model or asked.model or ""
        check_model(model)
        read = replace(
            call,
            model=model,
            max_tokens=asked.max_tokens,
            choices=_prompts(asked.prompt) * max(asked.n or 1, asked.best_of or 1),
            is_text=True,
        )
        return _streamed(read, asked.stream_options, found) if asked.stream else read

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call with a limit to its output tokens where it has none."""
        return super().fitted(call, replace(terms, knows=terms.knows - {"max_completion_tokens"}))

    def stream(self, call: Call) -> "ChatStream":
        """The follower of a streamed reply."""
        return ChatStream(
            hides_usage=call.hides_usage,
            kind="text_completion",
            empty={"text": "", "logprobs": None},
        )


class ChatStream(Follower):
    """Follows a stream of chat.completion.chunk events, each passed on as it came.

    With `hides_usage` the extra last chunk, which we asked for and the agent did not, is dropped:
    simple clients index its empty `choices`. `data: [DONE]` waits for `end`.
    """

    def __init__(
        self,
        *,
        hides_usage: bool,
        kind: str = "chat.completion.chunk",
        empty: Mapping[str, Any] | None = None,
    ) -> None:
        """`kind` is what a chunk calls itself, `empty` a choice that adds nothing."""
        super().__init__()
        self._hides_usage = hides_usage
        self._kind = kind
        self._empty = {"delta": {}} if empty is None else empty
        self._last: _Chunk | None = None
        self._open: set[int] = set()

    def cut(self) -> bytes:
        """An end that a filter of content makes: a last chunk for each open choice, and [DONE]."""
        last = self._last
        if last is None:
            return b""
        ended = [
            {"index": index, **self._empty, "finish_reason": "content_filter"}
            for index in sorted(self._open)
        ]
        chunk = {
            "id": last.id,
            "object": self._kind,
            "created": last.created,
            "model": last.model,
            "choices": ended,
        }
        end = b"data: " + msgspec.json.encode(chunk) + b"\n\n" if ended else b""
        return end + b"data: [DONE]\n\n"

    def error_event(self, body: bytes) -> bytes:
        """A failure in the middle of the stream: the SDK raises APIError and does not retry."""
        return b"data: " + body + b"\n\n"

    def _passed(self, event: bytes, data: bytes) -> bytes:
        if data.strip() == _DONE:
            self.is_complete = True
            self._end = event
            return b""
        chunk = _CHUNK.decode(data)
        self.chunks += 1
        if chunk.error is not None:
            self.has_failed = True
        if chunk.choices:
            self._last = chunk
            for choice in chunk.choices:
                self.text_bytes += _written(choice)
                if choice.finish_reason is None:
                    self._open.add(choice.index)
                else:
                    self._open.discard(choice.index)
        if chunk.usage is not None:
            self.usage = _usage(chunk.usage)
            if self._hides_usage and not chunk.choices:
                return b""
        return event


def _streamed(call: Call, options: _StreamOptions | None, found: Mapping[str, msgspec.Raw]) -> Call:
    """A call that streams; raises Invalid unless its options are read in one way."""
    if options is not None:
        json_text.check_unique(bytes(found["stream_options"]), _OF_OPTIONS)
    return replace(call, streamed=True, hides_usage=options is None or not options.include_usage)


def _asking_for_usage(body: bytes) -> bytes:
    """The body with `stream_options.include_usage` true, every other byte as it was."""
    options = json_text.check_unique(body, ()).get("stream_options")
    asking = b'{"include_usage":true}'
    if json_text.begins(options, b"{"):
        asking = json_text.with_member(bytes(options or b""), "include_usage", b"true")
    return json_text.with_member(body, "stream_options", asking)


def _hosted(found: Mapping[str, msgspec.Raw], models: Iterable[str]) -> tuple[str, ...]:
    """What the vendor is to run itself, and the models that it may answer with instead."""
    names = [
        _ASKING[name] for name in _ASKING.keys() & found.keys() if json_text.is_set(found[name])
    ]
    names += [f"fallback:{model}" for model in map(hosted, models)]
    for tool in json_text.objects(found.get("tools"), _OF_TOOL):
        kind = json_text.text_of(tool.get("type"))
        if kind == "mcp":
            names.append(mcp_server(json_text.text_of(tool.get("server_url"))))
        elif kind not in _OUR_TOOLS and (kind or "function" not in tool):
            names.append(hosted(kind))
    return tuple(sorted(set(names)))


def _said(messages: msgspec.Raw | None) -> _Said:
    """What kinds of content there are; raises Invalid for odd shapes."""
    said = json_text.objects(messages, _OF_MESSAGE)
    parts = json_text.objects_in([message.get("content") for message in said], _OF_PART)
    wholes = [_is_whole(part) for part in parts]
    texts = [json_text.text_of(part.get("type")) in _TEXT_PARTS for part in parts]
    has_audio = any(json_text.is_set(message.get("audio")) for message in said)
    return _Said(all(wholes) and not has_audio, all(texts) and not has_audio)


def _is_whole(part: Mapping[str, msgspec.Raw]) -> bool:
    """Whether a part of a message is all there; what nobody knows may not be."""
    kind = json_text.text_of(part.get("type"))
    if kind in _WHOLE_PARTS:
        return True
    if kind == "image_url" and json_text.begins(part.get("image_url"), b"{"):
        image = json_text.check_unique(bytes(part["image_url"]), _OF_IMAGE)
        return is_inline(json_text.text_of(image.get("url")))
    if kind == "file" and json_text.begins(part.get("file"), b"{"):
        file = json_text.check_unique(bytes(part["file"]), _OF_FILE)
        return "file_id" not in file and is_inline(json_text.text_of(file.get("file_data")))
    return False


def _prompts(prompt: str | list[str | int | list[int]] | None) -> int:
    """How many texts are to be completed; one may be given as the numbers of its tokens."""
    if not isinstance(prompt, list):
        return 1
    return max(1, sum([not isinstance(each, int) for each in prompt]))


def _written(choice: _Choice) -> int:
    """How much a chunk adds to a choice."""
    delta = choice.delta
    if delta is None:
        return text_bytes(choice.text)
    return text_bytes(delta.content) + max(0, len(bytes(delta.tool_calls)) - _TOOL_FRAME)


def _usage(reported: object) -> Usage:
    said = reported.get("prompt_tokens_details") if isinstance(reported, dict) else None
    return Usage(
        tokens_in=tokens(reported, "prompt_tokens") or 0,
        tokens_out=tokens(reported, "completion_tokens") or 0,
        cache_read=tokens(said, "cached_tokens") or 0,
        cache_written=tokens(said, "cache_write_tokens") or 0,
    )
