"""Streamed replies of chat completions and of completions of text, and the usage they report.

Source: OpenAI API reference and the openai-python SDK, whose reading of streams is what agents live
with. Only the fields acted on are named here; all else keeps its bytes.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gatebook.core import json_text
from gatebook.formats import Follower, Usage, text_bytes, tokens

_DONE: Final = b"[DONE]"
_TOOL_FRAME: Final = len('[{"index":0,"function":{"arguments":""}}]')
"""What stands around a part of a tool call's arguments."""


class _Choice(msgspec.Struct):
    index: int = 0
    finish_reason: str | None = None
    delta: dict[str, msgspec.Raw] | None = None
    text: msgspec.Raw = msgspec.Raw()


class _Chunk(msgspec.Struct):
    id: str = ""
    created: int = 0
    model: str = ""
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


_CHUNK: Final = msgspec.json.Decoder(_Chunk)


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
            self.usage = chat_usage(chunk.usage)
            if self._hides_usage and not chunk.choices:
                return b""
        return event


def chat_usage(reported: object) -> Usage:
    """Tokens as a chat completion reports them."""
    said = reported.get("prompt_tokens_details") if isinstance(reported, dict) else None
    return Usage(
        tokens_in=tokens(reported, "prompt_tokens") or 0,
        tokens_out=tokens(reported, "completion_tokens") or 0,
        cache_read=tokens(said, "cached_tokens") or 0,
        cache_written=tokens(said, "cache_write_tokens") or 0,
    )


def _written(choice: _Choice) -> int:
    """How much a chunk adds to a choice: whatever servers call it, but for its role."""
    if choice.delta is None:
        return text_bytes(choice.text)
    written = 0
    for name, value in choice.delta.items():
        if name != "role" and value != json_text.NULL:
            written += len(value) - (_TOOL_FRAME if name == "tool_calls" else 2)
    return max(0, written)
