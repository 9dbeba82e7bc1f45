"""Chat completions, and the older completions of text, as OpenAI and many others speak them.

Source: OpenAI API reference and the openai-python SDK, whose reading of streams is what agents live
with. Only the fields acted on are named here; all else keeps its bytes.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gatebook.core import json_text
from gatebook.formats import Call, Count, Limit, Readable, Terms, Usage, unreadable
from gatebook.formats.asking import Asking, unknown_kind
from gatebook.formats.chat_stream import ChatStream, chat_usage
from gatebook.formats.event_grammar import CHAT_EVENT
from gatebook.formats.grammar import CHAT, CHAT_REPLY, COMPLETION
from gatebook.formats.vocabulary import (
    CHAT_ADDRESSES,
    CHAT_ASKING,
    CHAT_MEMBERS,
    CHAT_TEXTS,
    COMPLETION_MEMBERS,
)

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
        "deferred",
        "modalities",
        "tools",
        "tool_choice",
        *CHAT_ASKING,
    )
)
_OF_COMPLETION: Final = frozenset(
    (
        "model",
        "models",
        "prompt",
        "stream",
        "stream_options",
        "max_tokens",
        "n",
        "best_of",
        *CHAT_ASKING,
    )
)
_KNOWN: Final = CHAT_MEMBERS | ACTED_ON
_KNOWN_OF_COMPLETION: Final = COMPLETION_MEMBERS | _OF_COMPLETION
_OF_OPTIONS: Final = frozenset(("include_usage",))
_OF_TOOL: Final = frozenset(("type", "function", "server_url"))
_OF_CHOICE: Final = frozenset(("type", "allowed_tools", "tools"))
_OF_MESSAGE: Final = frozenset(("content", "audio"))
_OF_PART: Final = frozenset(("type", "file", "file_id", "input_audio", *CHAT_ADDRESSES))
_OF_ADDRESS: Final = frozenset(("url",))
_OF_FILE: Final = frozenset(("file_id", "file_data"))
_OF_AUDIO: Final = frozenset(("data",))

_OUR_TOOLS: Final = frozenset(("function", "custom"))
_HEARD: Final = frozenset(("input_audio", "audio_url", "video_url"))
_WRITTEN: Final[tuple[list[str] | None, ...]] = (None, [], ["text"])
"""Of what kinds an answer may be that is text and nothing else."""


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
    deferred: bool | None = None
    modalities: list[str] | None = None


class _Completion(msgspec.Struct):
    prompt: str | list[str | int | list[int]] | None = None
    model: str | None = None
    models: list[str] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: Limit | None = None
    n: Count | None = None
    best_of: Count | None = None


class _Older(msgspec.Struct):
    max_tokens: Any = None


class _Whole(msgspec.Struct):
    usage: Any = None


_CHAT: Final = msgspec.json.Decoder(_Chat)
_COMPLETION: Final = msgspec.json.Decoder(_Completion)
_OLDER: Final = msgspec.json.Decoder(_Older)
_WHOLE: Final = msgspec.json.Decoder(_Whole)


class Chat(Readable):
    """A format; see `gatebook.formats.Format`."""

    asks = CHAT
    answers = CHAT_REPLY
    tells = CHAT_EVENT

    stream_type = b"text/event-stream"

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        found = json_text.check_unique(call.body, ACTED_ON)
        chat = json_text.decode(_CHAT, call.body)
        asking = _Said(found, _KNOWN)
        asking.ask(call.model or chat.model or "", chat.models)
        asking.take_tools(found.get("tools"))
        asking.take_choice(found.get("tool_choice"))
        asking.take_messages(found.get("messages"))
        asking.has_state |= bool(chat.store or chat.deferred)
        asking.is_priced_apart |= chat.modalities not in _WRITTEN
        asked = [most for most in (chat.max_tokens, chat.max_completion_tokens) if most is not None]
        read = replace(
            asking.of(call),
            model=call.model or chat.model,
            max_tokens=max(asked) if asked else None,
            choices=chat.n or 1,
        )
        return _streamed(read, chat.stream_options, found) if chat.stream else read

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call with a limit to its output tokens where it has none, and asking for its usage.

        OpenAI's newer models take no `max_tokens`, many other servers nothing but that: where a
        server would overlook the limit that a call has, it is there by the other name too.
        """
        if call.hides_usage and "stream_options" in terms.knows:
            call = replace(call, body=_asking_for_usage(call.body))
        is_new = "max_completion_tokens" in terms.knows
        most = terms.max_tokens if call.max_tokens is None else call.max_tokens
        if most is None or (call.max_tokens is not None and (is_new or _has_older(call.body))):
            return call
        name = "max_completion_tokens" if is_new else "max_tokens"
        return replace(
            call, body=json_text.with_member(call.body, name, b"%d" % most), max_tokens=most
        )

    def usage(self, body: bytes) -> Usage:
        """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
        try:
            return chat_usage(_WHOLE.decode(body).usage)
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

    asks = COMPLETION

    def read(self, call: Call) -> Call:
        """The call with what its body says; raises Invalid."""
        json_text.check(call.body)
        found = json_text.check_unique(call.body, _OF_COMPLETION)
        asked = json_text.decode(_COMPLETION, call.body)
        asking = _Said(found, _KNOWN_OF_COMPLETION)
        asking.ask(call.model or asked.model or "", asked.models)
        read = replace(
            asking.of(call),
            model=call.model or asked.model,
            max_tokens=asked.max_tokens,
            choices=_prompts(asked.prompt) * max(asked.n or 1, asked.best_of or 1),
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


def _has_older(body: bytes) -> bool:
    """Whether the limit has the name that every server knows."""
    return _OLDER.decode(body).max_tokens is not None


class _Said(Asking):
    """What is decided on of a body beside its model; raises Invalid for what cannot be read."""

    def __init__(self, found: Mapping[str, msgspec.Raw], known: frozenset[str]) -> None:
        super().__init__()
        self.take_members(found, known)
        for name in CHAT_ASKING.keys() & found.keys():
            if json_text.is_set(found[name]):
                self.run(CHAT_ASKING[name])

    def take_tools(self, tools: msgspec.Raw | None) -> None:
        """The tools that are offered; older servers know functions without a type."""
        for tool in json_text.objects(tools, _OF_TOOL):
            kind = json_text.text_of(tool.get("type"))
            if kind == "mcp":
                self.call_server(json_text.text_of(tool.get("server_url")))
            elif kind not in _OUR_TOOLS and (kind or "function" not in tool):
                self.run(kind)

    def take_choice(self, choice: msgspec.Raw | None) -> None:
        """What may be used of the tools, and of no others."""
        if not json_text.begins(choice, b"{"):
            return
        found = json_text.object_of(choice, _OF_CHOICE)
        if json_text.text_of(found.get("type")) == "allowed_tools":
            allowed = json_text.object_of(found.get("allowed_tools"), _OF_CHOICE)
            self.take_tools(allowed.get("tools"))
        else:
            self.take_tools(msgspec.Raw(b"[%b]" % bytes(choice or b"")))

    def take_messages(self, messages: msgspec.Raw | None) -> None:
        """What is said; raises Invalid for odd shapes."""
        said = json_text.objects(messages, _OF_MESSAGE)
        if any(json_text.is_set(message.get("audio")) for message in said):
            self.look_up()
            self.is_priced_apart = True
        for part in json_text.objects_in([message.get("content") for message in said], _OF_PART):
            self._take_part(part)

    def _take_part(self, part: Mapping[str, msgspec.Raw]) -> None:
        kind = json_text.text_of(part.get("type"))
        if kind in CHAT_TEXTS:
            return
        self.is_priced_apart |= kind in _HEARD
        if kind in CHAT_ADDRESSES:
            self.show(_text_in(part.get(kind), "url", _OF_ADDRESS))
        elif kind == "input_audio":
            self.show_data(_text_in(part.get(kind), "data", _OF_AUDIO))
        elif kind == "file":
            self._take_file(part)
        else:
            raise unknown_kind("content", kind)

    def _take_file(self, part: Mapping[str, msgspec.Raw]) -> None:
        """A file, which Mistral names in the part itself."""
        file = json_text.object_of(part.get("file"), _OF_FILE)
        self.show_data(json_text.text_of(file.get("file_data")))
        if any(json_text.is_set(each.get("file_id")) for each in (part, file)):
            self.look_up()


def _text_in(value: msgspec.Raw | None, name: str, acted_on: Collection[str]) -> str:
    """The text that stands in a member of an object, or in place of the object."""
    if json_text.begins(value, b"{"):
        value = json_text.object_of(value, acted_on).get(name)
    return json_text.text_of(value)


def _prompts(prompt: str | list[str | int | list[int]] | None) -> int:
    """How many texts are to be completed; one may be given as the numbers of its tokens."""
    if not isinstance(prompt, list):
        return 1
    return max(1, sum([not isinstance(each, int) for each in prompt]))
