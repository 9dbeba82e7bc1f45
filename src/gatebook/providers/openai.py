"""OpenAI's API: chat completions, whole and streamed, and the list of models.

Source: OpenAI API reference and the openai-python SDK, whose reading of errors, retries and streams
is what agents live with. Only the fields acted on are named here; all else keeps its bytes.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from gatebook.core import json_text
from gatebook.core.errors import GatebookError, Invalid
from gatebook.core.event_stream import EventSplitter, data_of
from gatebook.providers import Call, Operation, Usage, check_model, unreadable, visible_models

NAME: Final = "openai"
BASE_URL: Final = "https://api.openai.com/v1"
MARK: Final = b""
PASSED: Final = {
    b"openai-organization": "OpenAI-Organization",
    b"openai-project": "OpenAI-Project",
    b"idempotency-key": "Idempotency-Key",
    b"traceparent": "traceparent",
}

CHAT: Final = Operation(
    name="chat.completions", method="POST", path="/v1/chat/completions", has_body=True
)
MODELS: Final = Operation(name="models", method="GET", path="/v1/models", has_body=False)
OPERATIONS: Final = {op.path.encode(): {op.method: op} for op in (CHAT, MODELS)}

_DONE: Final = b"[DONE]"

# What is read of a call: a member that only a reader without regard to case takes for one of these
# would be acted on by the provider and not by us.
_ACTED_ON: Final = frozenset(("model", "stream", "stream_options"))
_OPTIONS_ACTED_ON: Final = frozenset(("include_usage",))

_ERROR_TYPES: Final = {
    "invalid": "invalid_request_error",
    "not_found": "invalid_request_error",
    "conflict": "invalid_request_error",
    "unidentified": "authentication_error",
    "refused": "permission_error",
    "exhausted": "rate_limit_error",
}


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Chat(msgspec.Struct):
    model: str
    stream: bool | None = None
    stream_options: _StreamOptions | None = None


class _Whole(msgspec.Struct):
    usage: Any = None


class _Chunk(msgspec.Struct):
    choices: list[msgspec.Raw] | None = None
    usage: Any = None
    error: Any = None


class _Error(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: str


class _Envelope(msgspec.Struct):
    error: _Error


_CHAT: Final = msgspec.json.Decoder(_Chat)
_WHOLE: Final = msgspec.json.Decoder(_Whole)
_CHUNK: Final = msgspec.json.Decoder(_Chunk)


def read(operation: Operation, body: bytes) -> Call:
    """The call an agent makes; raises Invalid."""
    if operation is not CHAT:
        return Call(dialect=NAME, operation=operation)
    json_text.check(body)
    json_text.check_unique(body, _ACTED_ON)
    chat = json_text.decode(_CHAT, body)
    check_model(chat.model)
    if not chat.stream:
        return Call(dialect=NAME, operation=operation, model=chat.model, body=body)
    return Call(
        dialect=NAME,
        operation=operation,
        model=chat.model,
        streamed=True,
        hides_usage=chat.stream_options is None or not chat.stream_options.include_usage,
        body=_asking_for_usage(body),
    )


def authorization(credential: str) -> tuple[str, str]:
    """The header that carries our credential to the provider."""
    return "Authorization", f"Bearer {credential}"


def usage(body: bytes) -> Usage:
    """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
    try:
        return _usage(_WHOLE.decode(body).usage)
    except (msgspec.DecodeError, RecursionError):
        raise unreadable() from None


def delivered(call: Call, body: bytes, may_see: Callable[[str], bool]) -> bytes:
    """A whole reply as the agent may have it: of the models, those it may call."""
    return visible_models(body, may_see) if call.operation is MODELS else body


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
        if chunk.usage is not None:
            self.usage = _usage(chunk.usage)
            if self._hides_usage and not chunk.choices:
                return b""
        return event


def stream(call: Call) -> ChatStream:
    """The follower of a streamed reply."""
    return ChatStream(hides_usage=call.hides_usage)


def error_body(error: GatebookError, reference: str) -> bytes:
    """A failure as `{"error": {"message", "type", "param", "code"}}`; headers name the entry."""
    del reference
    kind = _ERROR_TYPES.get(error.kind, "server_error")
    return msgspec.json.encode(_Envelope(_Error(str(error), kind, None, error.code)))


def error_event(error: GatebookError, reference: str) -> bytes:
    """A failure in the middle of a stream: the SDK raises APIError and does not retry."""
    return b"data: " + error_body(error, reference) + b"\n\n"


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
    if not isinstance(reported, dict):
        return Usage()
    return Usage(_count(reported.get("prompt_tokens")), _count(reported.get("completion_tokens")))


def _count(value: object) -> int:
    """A number of tokens; whatever is none counts as not reported."""
    return value if type(value) is int and 0 <= value < 2**53 else 0
