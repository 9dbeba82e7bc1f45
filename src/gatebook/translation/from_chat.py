"""Replies of chat completions as replies of Anthropic's messages, whole and streamed.

Sources: OpenAI and Anthropic API references, and the types of both SDKs. A chat tells its usage
last, so the input tokens of `message_start` are 0 and those of `message_delta` are true.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gatebook.formats import Call, Readable, Terms, Usage, unreadable
from gatebook.formats.chat import Chat
from gatebook.formats.chat_stream import ChatStream
from gatebook.translation import Turning

_STOP: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_BLOCK_DELTAS: Final = {
    "text": ("text_delta", "text"),
    "tool_use": ("input_json_delta", "partial_json"),
}


class MessagesByChat(Readable):
    """The format of a translated call: replies are read as chat and given as messages."""

    asks, answers, tells = Chat.asks, Chat.answers, Chat.tells
    stream_type = b"text/event-stream"

    def __init__(self) -> None:
        self._chat = Chat()

    def read(self, call: Call) -> Call:
        """A translated call was read before it was translated."""
        raise NotImplementedError

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call with its own limit or that of the terms, which its body does not have yet."""
        most = terms.max_tokens if call.max_tokens is None else call.max_tokens
        return self._chat.fitted(replace(call, max_tokens=None), replace(terms, max_tokens=most))

    def usage(self, body: bytes) -> Usage:
        """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
        return self._chat.usage(body)

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """A whole chat completion as a message; raises Unavailable if it cannot be read."""
        del may_see
        try:
            completion = msgspec.json.decode(body)
            (choice,) = completion["choices"]
            message = {
                "id": completion["id"],
                "type": "message",
                "role": "assistant",
                "model": completion["model"],
                "content": _content(choice["message"]),
                "stop_reason": _STOP.get(choice["finish_reason"], "end_turn"),
                "stop_sequence": None,
                "usage": _counted(self.usage(body)),
            }
        except (KeyError, TypeError, ValueError, RecursionError):
            raise unreadable() from None
        return msgspec.json.encode(message)

    def stream(self, call: Call) -> "MessagesFromChat":
        """The follower of a streamed reply."""
        del call
        return MessagesFromChat()


class MessagesFromChat(Turning):
    """Follows the chunks of a chat completion and gives them as the events of a message."""

    def __init__(self) -> None:
        super().__init__(ChatStream(hides_usage=False))
        self._has_begun = False
        self._block = -1
        """The number of the last content block."""
        self._kind = ""
        """What the open block is; empty if none is open."""
        self._tool = -1
        """Which tool call the open block is."""
        self._stop = "end_turn"

    def end(self) -> bytes:
        """The end of the open block and of the message, with its usage."""
        return self._ended(self._stop)

    def cut(self) -> bytes:
        """A refusal, which is how a model itself stops early."""
        return self._ended("refusal") if self._has_begun else b""

    def error_event(self, body: bytes) -> bytes:
        """A failure in the middle of the stream."""
        return b"event: error\ndata: " + body + b"\n\n"

    def _given(self, data: bytes) -> bytes:
        chunk = msgspec.json.decode(data)
        if chunk.get("error") is not None:
            error = {"type": "api_error", "message": str(chunk["error"].get("message"))}
            return self.error_event(msgspec.json.encode({"type": "error", "error": error}))
        begun = b"" if self._has_begun else self._begin(chunk)
        return begun + b"".join([self._choice(choice) for choice in chunk.get("choices") or ()])

    def _begin(self, chunk: dict[str, Any]) -> bytes:
        self._has_begun = True
        message = {
            "id": chunk["id"],
            "type": "message",
            "role": "assistant",
            "model": chunk["model"],
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
        return _event({"type": "message_start", "message": message})

    def _choice(self, choice: dict[str, Any]) -> bytes:
        delta = choice.get("delta") or {}
        self._stop = _STOP.get(str(choice.get("finish_reason")), self._stop)
        text = delta.get("content") or delta.get("refusal")
        given = []
        if text:
            given += [self._open("text", {"type": "text", "text": ""}), self._part(text)]
        for call in delta.get("tool_calls") or ():
            given.append(self._call(call))
        return b"".join(given)

    def _call(self, call: dict[str, Any]) -> bytes:
        """A new tool call, or more of the open one: they come one after another."""
        number, function = call["index"], call["function"]
        opened = b""
        if self._kind != "tool_use" or number != self._tool:
            tool = {"type": "tool_use", "id": call["id"], "name": function["name"], "input": {}}
            opened, self._tool = self._close() + self._open("tool_use", tool), number
        arguments = function.get("arguments")
        return opened + (self._part(arguments) if arguments else b"")

    def _open(self, kind: str, block: dict[str, Any]) -> bytes:
        """A block of the kind, unless one is open."""
        if self._kind == kind:
            return b""
        closed = self._close()
        self._kind, self._block = kind, self._block + 1
        return closed + _event(
            {"type": "content_block_start", "index": self._block, "content_block": block}
        )

    def _part(self, text: str) -> bytes:
        kind, member = _BLOCK_DELTAS[self._kind]
        delta = {"type": kind, member: text}
        return _event({"type": "content_block_delta", "index": self._block, "delta": delta})

    def _close(self) -> bytes:
        if not self._kind:
            return b""
        self._kind = ""
        return _event({"type": "content_block_stop", "index": self._block})

    def _ended(self, stop_reason: str) -> bytes:
        delta = {"stop_reason": stop_reason, "stop_sequence": None}
        return (
            self._close()
            + _event({"type": "message_delta", "delta": delta, "usage": _counted(self.usage)})
            + _event({"type": "message_stop"})
        )


def _content(message: dict[str, Any]) -> list[dict[str, Any]]:
    text = message.get("content") or message.get("refusal")
    content: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    for call in message.get("tool_calls") or ():
        function = call["function"]
        given = msgspec.json.decode(function["arguments"] or "{}", type=dict[str, Any])
        content.append(
            {"type": "tool_use", "id": call["id"], "name": function["name"], "input": given}
        )
    return content


def _counted(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.tokens_in - usage.cache_read,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.tokens_out,
    }


def _event(data: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (str(data["type"]).encode(), msgspec.json.encode(data))
