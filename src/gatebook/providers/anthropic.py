"""Anthropic's API: messages, whole and streamed, the counting of tokens, and the list of models.

Source: Anthropic API reference and the anthropic-sdk-python package, whose reading of errors,
retries and streams is what agents live with. Only the fields acted on are named here; all else
keeps its bytes, signed thinking blocks above all: the next turn breaks if one is rewritten.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from gatebook.core import json_text
from gatebook.core.errors import GatebookError, Invalid
from gatebook.core.event_stream import EventSplitter, data_of
from gatebook.providers import Call, Operation, Usage, check_model, unreadable, visible_models

NAME: Final = "anthropic"
BASE_URL: Final = "https://api.anthropic.com"
MARK: Final = b"anthropic-version"
PASSED: Final = {
    b"anthropic-version": "anthropic-version",
    b"anthropic-beta": "anthropic-beta",
    b"idempotency-key": "Idempotency-Key",
    b"traceparent": "traceparent",
}

_BETA: Final = frozenset(("beta",))
MESSAGES: Final = Operation(
    name="messages", method="POST", path="/v1/messages", has_body=True, query=_BETA
)
COUNT: Final = Operation(
    name="messages.count_tokens",
    method="POST",
    path="/v1/messages/count_tokens",
    has_body=True,
    query=_BETA,
)
MODELS: Final = Operation(
    name="models",
    method="GET",
    path="/v1/models",
    has_body=False,
    query=_BETA | {"limit", "after_id", "before_id"},
)
OPERATIONS: Final = {op.path.encode(): {op.method: op} for op in (MESSAGES, COUNT, MODELS)}

# What is read of a call: a member that only a reader without regard to case takes for one of these
# would be acted on by the provider and not by us.
_ACTED_ON: Final = frozenset(("model", "stream"))

_INPUTS: Final = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")

_ERROR_TYPES: Final = {
    "invalid": "invalid_request_error",
    "conflict": "invalid_request_error",
    "not_found": "not_found_error",
    "unidentified": "authentication_error",
    "refused": "permission_error",
    "exhausted": "rate_limit_error",
}
_ERROR_TYPES_BY_CODE: Final = {
    "body_too_large": "request_too_large",
    "upstream_timeout": "timeout_error",
    "upstream_unavailable": "overloaded_error",
}


class _Messages(msgspec.Struct):
    model: str
    stream: bool | None = None


class _Whole(msgspec.Struct):
    usage: Any = None


class _Event(msgspec.Struct):
    type: str
    message: _Whole | None = None
    usage: Any = None


class _Error(msgspec.Struct):
    type: str
    message: str
    code: str


class _Envelope(msgspec.Struct):
    type: str
    error: _Error
    request_id: str | None


_MESSAGES: Final = msgspec.json.Decoder(_Messages)
_WHOLE: Final = msgspec.json.Decoder(_Whole)
_EVENT: Final = msgspec.json.Decoder(_Event)


def read(operation: Operation, body: bytes) -> Call:
    """The call an agent makes; raises Invalid."""
    if not operation.has_body:
        return Call(dialect=NAME, operation=operation)
    json_text.check(body)
    json_text.check_unique(body, _ACTED_ON)
    messages = json_text.decode(_MESSAGES, body)
    check_model(messages.model)
    return Call(
        dialect=NAME,
        operation=operation,
        model=messages.model,
        streamed=bool(messages.stream) and operation is MESSAGES,
        body=body,
    )


def authorization(credential: str) -> tuple[str, str]:
    """The header that carries our credential to the provider."""
    return "x-api-key", credential


def usage(body: bytes) -> Usage:
    """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
    try:
        return _usage(_WHOLE.decode(body).usage, Usage())
    except (msgspec.DecodeError, RecursionError):
        raise unreadable() from None


def delivered(call: Call, body: bytes, may_see: Callable[[str], bool]) -> bytes:
    """A whole reply as the agent may have it: of the models, those it may call.

    `first_id` and `last_id` stay: they are where the next page begins, whatever is on this one.
    """
    return visible_models(body, may_see) if call.operation is MODELS else body


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
                self.usage = _usage(found.message.usage, self.usage)
            case "message_delta":
                self.usage = _usage(found.usage, self.usage)
            case "error":
                self.has_failed = True
            case "message_stop":
                self.is_complete = True
                self._end = event
                return b""
        return event


def stream(call: Call) -> MessageStream:
    """The follower of a streamed reply."""
    del call
    return MessageStream()


def error_body(error: GatebookError, reference: str) -> bytes:
    """A failure as `{"type": "error", "error": {"type", "message", "code"}, "request_id"}`."""
    kind = _ERROR_TYPES_BY_CODE.get(error.code) or _ERROR_TYPES.get(error.kind, "api_error")
    said = _Error(kind, str(error), error.code)
    return msgspec.json.encode(_Envelope("error", said, reference or None))


def error_event(error: GatebookError, reference: str) -> bytes:
    """A failure in the middle of a stream: the SDK raises APIStatusError and does not retry."""
    return b"event: error\ndata: " + error_body(error, reference) + b"\n\n"


def _usage(reported: object, before: Usage) -> Usage:
    """Tokens as reported, where they are; the input includes what the cache was asked for."""
    if not isinstance(reported, dict):
        return before
    inputs = _counts(reported, *_INPUTS)
    outputs = _counts(reported, "output_tokens")
    return Usage(
        sum(inputs) if inputs else before.tokens_in,
        sum(outputs) if outputs else before.tokens_out,
    )


def _counts(reported: dict[str, Any], *names: str) -> list[int]:
    """The numbers of tokens that are there; whatever is none counts as not reported."""
    values = [reported.get(name) for name in names]
    return [value for value in values if type(value) is int and 0 <= value < 2**50]
