"""Streamed replies of OpenAI's responses, and the usage that a whole one reports.

Source: OpenAI API reference and the types of the openai-python package, whose reading of streams is
what agents live with. Only the fields acted on are named here; all else keeps its bytes.
"""

from typing import Any, Final

import msgspec

from gatebook.core import json_text
from gatebook.formats import Follower, Usage, text_bytes, tokens

_TERMINAL: Final = frozenset(("response.completed", "response.failed", "response.incomplete"))
_FAILED: Final = frozenset(("response.failed", "error"))


class _Whole(msgspec.Struct):
    usage: Any = None


class _Event(msgspec.Struct):
    type: str = ""
    sequence_number: int = 0
    delta: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = json_text.NULL
    error: Any = None


_WHOLE: Final = msgspec.json.Decoder(_Whole)
_EVENT: Final = msgspec.json.Decoder(_Event)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ERROR: Final = msgspec.json.Decoder(dict[str, dict[str, Any]])


class ResponseStream(Follower):
    """Follows the events of a response; the one that ends it, with the usage, waits for `end`."""

    def __init__(self) -> None:
        super().__init__()
        self._last_number = -1
        self._response: msgspec.Raw | None = None

    def cut(self) -> bytes:
        """An end that a filter of content makes: the response as it was, incomplete."""
        if self._response is None:
            return b""
        response: dict[str, Any] = {
            **_OBJECT.decode(self._response),
            "status": "incomplete",
            "incomplete_details": {"reason": "content_filter"},
        }
        return self._event({"type": "response.incomplete", "response": response})

    def error_event(self, body: bytes) -> bytes:
        """A failure in the middle of the stream, as OpenAI's own event and with the error within.

        The Python package raises APIError for the latter, and gives the former to the agent as if
        nothing were wrong.
        """
        error = _ERROR.decode(body)["error"]
        said = {name: error.get(name) for name in ("code", "message", "param")}
        return self._event({"type": "error", **said, "error": error})

    def _passed(self, event: bytes, data: bytes) -> bytes:
        if data.strip() == b"[DONE]":  # of other servers; it is no end without the event before it
            return event
        found = _EVENT.decode(data)
        self.chunks += 1
        self.text_bytes += text_bytes(found.delta)
        self._last_number = max(self._last_number, found.sequence_number)
        if json_text.begins(found.response, b"{"):
            self._response = found.response
        if found.type in _FAILED or found.error is not None:
            self.has_failed = True
        if found.type in _TERMINAL:
            self.usage = usage_of(self._response or b"{}")
            self.is_complete = True
            self._end = event
            return b""
        return event

    def _event(self, data: dict[str, Any]) -> bytes:
        self._last_number += 1
        text = msgspec.json.encode({**data, "sequence_number": self._last_number})
        return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), text)


def usage_of(response: bytes | msgspec.Raw) -> Usage:
    """Tokens as a whole response reports them; raises msgspec.DecodeError."""
    reported = _WHOLE.decode(response).usage
    said = reported.get("input_tokens_details") if isinstance(reported, dict) else None
    return Usage(
        tokens_in=tokens(reported, "input_tokens") or 0,
        tokens_out=tokens(reported, "output_tokens") or 0,
        cache_read=tokens(said, "cached_tokens") or 0,
        cache_written=tokens(said, "cache_write_tokens") or 0,
    )
