"""Replies of Anthropic's messages as replies of chat completions, whole and streamed.

Sources: OpenAI and Anthropic API references, and the types of both SDKs. Thinking, its signatures
and citations have no place in a chat completion and are left out.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from gatebook.formats import Call, Readable, Terms, Usage, unreadable
from gatebook.formats.messages import Messages, MessageStream
from gatebook.translation import Turning

_FINISH: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class ChatByMessages(Readable):
    """The format of a translated call: replies are read as messages and given as chat."""

    asks, answers, tells = Messages.asks, Messages.answers, Messages.tells
    stream_type = b"text/event-stream"

    def __init__(self, now_seconds: int) -> None:
        self._created = now_seconds
        self._messages = Messages(may_stream=True)

    def read(self, call: Call) -> Call:
        """A translated call was read before it was translated."""
        raise NotImplementedError

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call with what it leaves open, in the format that it leaves in."""
        return self._messages.fitted(call, terms)

    def usage(self, body: bytes) -> Usage:
        """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
        return self._messages.usage(body)

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """A whole message as a chat completion; raises Unavailable if it cannot be read."""
        del may_see
        try:
            message = msgspec.json.decode(body)
            choice = {
                "index": 0,
                "message": _answer(message["content"]),
                "logprobs": None,
                "finish_reason": _FINISH.get(message["stop_reason"], "stop"),
            }
            completion = {
                "id": message["id"],
                "object": "chat.completion",
                "created": self._created,
                "model": message["model"],
                "choices": [choice],
                "usage": _counted(self.usage(body)),
            }
        except (KeyError, TypeError, ValueError, RecursionError):
            raise unreadable() from None
        return msgspec.json.encode(completion)

    def stream(self, call: Call) -> "ChatFromMessages":
        """The follower of a streamed reply."""
        return ChatFromMessages(self._created, tells_usage=not call.hides_usage)


class ChatFromMessages(Turning):
    """Follows the events of a message and gives them as chunks of a chat completion."""

    def __init__(self, created: int, *, tells_usage: bool) -> None:
        super().__init__(MessageStream())
        self._created = created
        self._tells_usage = tells_usage
        self._id = self._model = ""
        self._tools: dict[int, int] = {}
        """Which tool call a content block is, by their numbers."""

    def end(self) -> bytes:
        """The usage, where it was asked for, and the end."""
        last = b""
        if self._tells_usage:
            last = self._chunk([], usage=_counted(self.usage))
        return last + b"data: [DONE]\n\n"

    def cut(self) -> bytes:
        """An end that a filter of content makes."""
        return self._delta({}, "content_filter") + b"data: [DONE]\n\n" if self._id else b""

    def error_event(self, body: bytes) -> bytes:
        """A failure in the middle of the stream."""
        return b"data: " + body + b"\n\n"

    def _given(self, data: bytes) -> bytes:
        found = msgspec.json.decode(data)
        match found["type"]:
            case "message_start":
                self._id, self._model = found["message"]["id"], found["message"]["model"]
                return self._delta({"role": "assistant", "content": ""})
            case "content_block_start" if found["content_block"]["type"] == "tool_use":
                return self._tool(found["index"], found["content_block"])
            case "content_block_delta":
                return self._part(found["index"], found["delta"])
            case "message_delta" if reason := found["delta"].get("stop_reason"):
                return self._delta({}, _FINISH.get(reason, "stop"))
            case "error":
                return self._error(found["error"]["message"])
        return b""

    def _error(self, message: str) -> bytes:
        error = {"message": message, "type": "server_error", "param": None, "code": None}
        return self.error_event(msgspec.json.encode({"error": error}))

    def _tool(self, block: int, opened: dict[str, Any]) -> bytes:
        number = self._tools[block] = len(self._tools)
        function = {"name": opened["name"], "arguments": ""}
        call = {"index": number, "id": opened["id"], "type": "function", "function": function}
        return self._delta({"tool_calls": [call]})

    def _part(self, block: int, delta: dict[str, Any]) -> bytes:
        match delta["type"]:
            case "text_delta":
                return self._delta({"content": delta["text"]})
            case "input_json_delta" if delta["partial_json"]:
                function = {"arguments": delta["partial_json"]}
                return self._delta(
                    {"tool_calls": [{"index": self._tools[block], "function": function}]}
                )
        return b""  # thinking and its signature, citations

    def _delta(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._chunk([choice], usage=None)

    def _chunk(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None) -> bytes:
        chunk = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
            "choices": choices,
        }
        if self._tells_usage:
            chunk["usage"] = usage
        return b"data: %b\n\n" % msgspec.json.encode(chunk)


def _answer(content: list[dict[str, Any]]) -> dict[str, Any]:
    texts = [block["text"] for block in content if block["type"] == "text"]
    calls = [
        {
            "id": block["id"],
            "type": "function",
            "function": {
                "name": block["name"],
                "arguments": msgspec.json.encode(block["input"]).decode(),
            },
        }
        for block in content
        if block["type"] == "tool_use"
    ]
    answer = {"role": "assistant", "content": "".join(texts) if texts else None, "refusal": None}
    return {**answer, "tool_calls": calls} if calls else answer


def _counted(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.tokens_in,
        "completion_tokens": usage.tokens_out,
        "total_tokens": usage.tokens_in + usage.tokens_out,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
    }
