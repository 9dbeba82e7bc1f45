"""Streamed replies with contents that Google generated, and the usage that a whole one reports.

Source: Gemini API reference and the google-genai package, whose reading of streams is what agents
live with. Only the fields acted on are named here; all else keeps its bytes.
"""

from typing import Any, Final

import msgspec

from gatebook.core.event_stream import data_of
from gatebook.formats import Follower, Usage, text_bytes, tokens

_MAX_EVENT_BYTES: Final = 8 * 1024 * 1024
"""Enough for an image in one event."""

_ABSENT: Final = msgspec.Raw()


class _Part(msgspec.Struct, rename="camel"):
    text: msgspec.Raw = _ABSENT
    function_call: msgspec.Raw = _ABSENT
    inline_data: msgspec.Raw = _ABSENT


class _Content(msgspec.Struct):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, rename="camel"):
    index: int = 0
    finish_reason: str | None = None
    content: _Content | None = None


class _Reply(msgspec.Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    prompt_feedback: Any = None
    usage_metadata: Any = None
    model_version: str | None = None
    response_id: str | None = None
    error: Any = None


_REPLY: Final = msgspec.json.Decoder(_Reply)


class ContentStream(Follower):
    """Follows a stream of replies, each passed on as it came, but for what may be the last.

    Nothing says that a stream is complete but its end, once every candidate has a reason to finish.
    Some models give one with each event: it is the end only if no candidate says more.
    """

    def __init__(self) -> None:
        super().__init__(_MAX_EVENT_BYTES)
        self._last: _Reply | None = None
        self._open: set[int] = set()

    def close(self) -> bytes:
        """The end of the stream, which may be what completes it."""
        given = super().close()
        self.is_complete = bool(self._end)
        return given

    def cut(self) -> bytes:
        """An end that a filter of content makes: a last chunk for the candidates still open."""
        last = self._last
        if last is None:
            return b""
        still_open = sorted(self._open) or [0]
        chunk = {
            "candidates": [{"index": index, "finishReason": "SAFETY"} for index in still_open],
            "modelVersion": last.model_version or "",
            "responseId": last.response_id or "",
        }
        return b"data: " + msgspec.json.encode(chunk) + b"\n\n"

    def error_event(self, body: bytes) -> bytes:
        """A failure in the middle of the stream: the package raises it as it would a whole one."""
        return b"data: " + body + b"\n\n"

    def _taken(self, event: bytes) -> bytes:
        data = data_of(event)
        if data is None and event.lstrip().startswith(b"{"):
            data = event  # an error, which Google writes into a stream as it is
        return self._in_order(event) if data is None else self._passed(event, data)

    def _passed(self, event: bytes, data: bytes) -> bytes:
        reply = _REPLY.decode(data)
        self.chunks += 1
        self.usage = _usage(reply.usage_metadata, self.usage)
        if reply.error is not None:
            self.has_failed = True
            return self._let_go() + event
        self._last = reply
        if not reply.candidates and not _is_blocked(reply):
            return self._in_order(event)
        for candidate in reply.candidates or ():
            self.text_bytes += _written(candidate)
            if candidate.finish_reason:
                self._open.discard(candidate.index)
            else:
                self._open.add(candidate.index)
        before = self._let_go()  # what may have been the last was not
        return before + (event if self._open else self._hold(event))

    def _in_order(self, event: bytes) -> bytes:
        """An event that ends nothing stays behind one that may."""
        return self._hold(event) if self._end else event

    def _hold(self, event: bytes) -> bytes:
        self._end += event
        return b""

    def _let_go(self) -> bytes:
        held, self._end = self._end, b""
        return held


def usage_of(reply: bytes) -> Usage:
    """Tokens as a whole reply reports them; raises msgspec.DecodeError."""
    return _usage(_REPLY.decode(reply).usage_metadata, Usage())


def _written(candidate: _Candidate) -> int:
    """Bytes of what the model wrote of an answer, of the arguments of functions about."""
    parts = candidate.content.parts if candidate.content else None
    return sum(
        text_bytes(part.text) + len(part.function_call) + len(part.inline_data)
        for part in parts or ()
    )


def _is_blocked(reply: _Reply) -> bool:
    """Whether Google refused the prompt, to which there are no candidates then."""
    return isinstance(reply.prompt_feedback, dict) and "blockReason" in reply.prompt_feedback


def _usage(reported: object, before: Usage) -> Usage:
    """Tokens as reported, where they are; thoughts are output, results of hosted tools input."""
    prompt = tokens(reported, "promptTokenCount")
    results = tokens(reported, "toolUsePromptTokenCount")
    said = tokens(reported, "candidatesTokenCount")
    thought = tokens(reported, "thoughtsTokenCount")
    cached = tokens(reported, "cachedContentTokenCount")
    return Usage(
        tokens_in=before.tokens_in if prompt is None else prompt + (results or 0),
        tokens_out=(
            before.tokens_out if said is None and thought is None else (said or 0) + (thought or 0)
        ),
        cache_read=before.cache_read if cached is None else cached,
    )
