"""The shapes of requests and replies that model APIs share: what of them is read, and how.

Promises: what is not acted on keeps its bytes; what cannot be read is refused, never passed on;
nothing here does input or output. Each module is one shape, or some that are near kin, and its
public classes are `Format`s; vendors, in `providers`, say at which addresses they speak which.
Read `asking.py` and `chat.py` first; what vendors publish is listed in `vocabulary.py`.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, ClassVar, Final, Literal, Protocol

import msgspec
from msgspec import Meta

from gatebook.core.errors import Invalid, Unavailable
from gatebook.core.event_stream import MAX_EVENT_BYTES, EventSplitter, data_of
from gatebook.formats.content import MAX_VALUES_IN_REPLY, OTHER, Content, Rule, content
from gatebook.formats.events import Cutter, EventReader, ServerSentEvents

_MODEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}")
Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""How many answers of one kind a body may ask for."""
Limit = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""How many tokens a body may ask for; there are servers that take 0 or -1 for no limit."""


Meter = Literal["free", "tokens", "other"]
Join = Callable[[bytes, bytes], bytes]


class Usage(msgspec.Struct, frozen=True):
    """Tokens as the provider reported them; 0 where it reported none.

    Those read from a cache and those written to one are a part of `tokens_in`.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_written: int = 0
    cache_written_long: int = 0
    """The part of `cache_written` that stays longer than usual, and costs more."""


class Terms(msgspec.Struct, frozen=True):
    """What a call is permitted at most: output tokens of each choice, and whether it keeps state.

    `max_tokens` is None where no rule limits them.
    """

    max_tokens: int | None = None
    is_stateless: bool = False
    knows: frozenset[str] = frozenset(("max_completion_tokens", "stream_options"))
    """Of members that a format puts in and not every server takes, those that this one does."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Something a vendor's interface can be asked to do, where, and in which format.

    `{model}` in a path stands for the name of a model, and `/*` at its end for the path itself and
    all below it; an empty method for all of them. `query` names the parameters that may stand
    behind the path, which pass as they are, but for a `key`.
    """

    dialect: str
    name: str
    method: str
    path: str
    has_body: bool
    format: "Format"
    query: frozenset[str] = frozenset()
    base: str = ""
    """What the path begins with where it stands for the provider's base URL, which has its own."""
    meter: Meter = "tokens"
    """What is paid for: nothing, tokens, or something else."""
    join: Join | None = None
    """Makes one answer of those of two providers; where there is none, one provider answers."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent asks for, read and understood; `path`, `query` and `body` are as they leave."""

    operation: Operation
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    model: str = ""
    streamed: bool = False
    hides_usage: bool = False
    """If it comes at the end of the stream, we asked for the usage and the agent did not."""
    max_tokens: int | None = None
    """Output tokens asked for, of each choice; None: it does not say."""
    choices: int = 1
    hosted_tools: tuple[str, ...] = ()
    """What the vendor would run, call or fetch itself, where nobody sees what it is asked for; see
    `asking.py`."""
    state: Literal["none", "default", "asked"] = "none"
    """Whether the vendor would keep what is said, or use what it keeps for the account."""
    geography: str = ""
    """Where the vendor is asked to have the call computed, if that is another place than its own:
    a region, or what regions of one part of the world begin with."""
    is_text: bool = False
    """All that is read stands in the body, as text: its size is a bound on the tokens."""
    is_repeated: bool = False
    """The vendor may have the model read more than once, beside what hosted tools make it do."""
    is_priced_apart: bool = False
    """Audio is heard, or something else than text is made, which costs more than text."""


class Stream(Protocol):
    """Follows one streamed reply: takes the provider's bytes, gives those the agent may have."""

    usage: Usage
    chunks: int
    """Events with content that came so far."""
    text_bytes: int
    """Bytes of what the model wrote that came so far, about; a token has three to four."""
    is_complete: bool
    """The provider said that this was all."""
    has_failed: bool
    """The provider reported an error in the stream."""

    def feed(self, data: bytes) -> bytes:
        """What may go on to the agent now; raises Unavailable for what cannot be read."""
        ...

    def close(self) -> bytes:
        """The provider has nothing more to say: what may still go on; raises Unavailable."""
        ...

    def end(self) -> bytes:
        """What is still to go on once the outcome is recorded."""
        ...

    def cut(self) -> bytes:
        """What ends the stream early in the format's own terms, as a filter of content does.

        Empty where there is nothing to end yet.
        """
        ...

    def error_event(self, body: bytes) -> bytes:
        """A failure in the middle of the stream; `body` is the error as the vendor writes it."""
        ...


class _Reply(msgspec.Struct):
    usage: Any = None


_REPLY: Final = msgspec.json.Decoder(_Reply)


class Follower:
    """A Stream of server-sent events, each passed on as it came unless `_passed` says otherwise.

    The event that ends the reply waits in `_end`; nothing passes behind it.
    """

    def __init__(self, most: int = MAX_EVENT_BYTES) -> None:
        """An event of more than `most` bytes is not gathered."""
        self.usage = Usage()
        self.chunks = 0
        self.text_bytes = 0
        self.is_complete = False
        self.has_failed = False
        self._splitter = EventSplitter(most)
        self._end = b""

    def feed(self, data: bytes) -> bytes:
        """What may go on to the agent now; raises Unavailable for what cannot be read."""
        return self._followed(partial(self._splitter.feed, data))

    def close(self) -> bytes:
        """An event that the end of the stream cut off is the last one."""
        return self._followed(self._splitter.close)

    def end(self) -> bytes:
        """What is still to go on once the outcome is recorded."""
        return self._end

    def _followed(self, events: Callable[[], list[bytes]]) -> bytes:
        try:
            return b"".join([self._taken(event) for event in events()])
        except (Invalid, msgspec.DecodeError, RecursionError):
            raise unreadable() from None

    def _taken(self, event: bytes) -> bytes:
        if self.is_complete:
            return b""
        data = data_of(event)
        return event if data is None else self._passed(event, data)

    def _passed(self, event: bytes, data: bytes) -> bytes:
        """What of an event with these data goes on; raises msgspec.DecodeError."""
        raise NotImplementedError


class Readable:
    """The root of formats, in which rules say what is said, and by whom."""

    asks: ClassVar[Rule] = OTHER
    """What stands where in a request."""
    answers: ClassVar[Rule] = OTHER
    """What stands where in a whole reply."""
    tells: ClassVar[Rule] = OTHER
    """What stands where in an event of a streamed reply."""

    def said(self, body: bytes) -> Content:
        """All that a request says; raises Invalid."""
        return content(body, self.asks) if body else Content([], [])

    def answered(self, body: bytes) -> Content:
        """All that a whole reply says; raises Unavailable if it cannot be read in one way."""
        try:
            return content(body, self.answers, MAX_VALUES_IN_REPLY)
        except Invalid:
            raise unreadable() from None

    def reader(self) -> EventReader:
        """What reads the events of one streamed reply."""
        return EventReader(self.tells)

    def cutter(self) -> Cutter:
        """What cuts one streamed reply into its events."""
        return ServerSentEvents()


class Unstreamed(Readable):
    """The root of formats whose replies are JSON, come whole and pass as they are."""

    stream_type = b""

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call as it is: nothing in it could be limited."""
        del terms
        return call

    def usage(self, body: bytes) -> Usage:
        """Tokens as reported, under any of the names there are; raises Unavailable."""
        try:
            reported = _REPLY.decode(body).usage
        except (msgspec.DecodeError, RecursionError):
            raise unreadable() from None
        fed = [tokens(reported, name) for name in ("prompt_tokens", "input_tokens")]
        return Usage(max(count or 0 for count in fed), tokens(reported, "output_tokens") or 0)

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """A whole reply as it came."""
        del may_see
        return body

    def stream(self, call: Call) -> Stream:
        """There is none: `stream_type` is empty, so that nothing is read as one."""
        raise NotImplementedError


class Format(Protocol):
    """One shape of requests and their replies."""

    stream_type: bytes
    """The media type of streamed replies; empty: there are none."""

    def said(self, body: bytes) -> Content:
        """All that a request says; raises Invalid."""
        ...

    def answered(self, body: bytes) -> Content:
        """All that a whole reply says; raises Unavailable if it cannot be read in one way."""
        ...

    def reader(self) -> EventReader:
        """What reads the events of one streamed reply, each for all that it says."""
        ...

    def cutter(self) -> Cutter:
        """What cuts one streamed reply into its events."""
        ...

    def read(self, call: Call) -> Call:
        """The call with what its body says; a model that the path names wins. Raises Invalid."""
        ...

    def fitted(self, call: Call, terms: Terms) -> Call:
        """The call as it may leave under terms that it does not break, where it is silent."""
        ...

    def usage(self, body: bytes) -> Usage:
        """What a whole reply says of tokens; raises Unavailable if it cannot be read."""
        ...

    def delivered(self, body: bytes, may_see: Callable[[str], bool]) -> bytes:
        """A whole reply as the agent may have it."""
        ...

    def stream(self, call: Call) -> Stream:
        """The follower of a streamed reply."""
        ...


def check_model(name: str) -> None:
    """Raise Invalid for what no vendor calls a model: its name stands in the book as it is."""
    if not _MODEL.fullmatch(name):
        raise Invalid(
            "invalid_model",
            "The model's name is empty, too long or has unusual characters.",
            "Letters, digits and . _ : / @ + - are allowed, 128 at most.",
        )


def tokens(reported: object, name: str) -> int | None:
    """A number of tokens that a reply reports by that name; whatever is none counts as absent."""
    value = reported.get(name) if isinstance(reported, dict) else None
    return value if type(value) is int and 0 <= value < 2**50 else None


def text_bytes(value: msgspec.Raw) -> int:
    """The bytes between the quotes of a JSON string that nobody has to read; 0 for no string."""
    text = bytes(value)
    return len(text) - 2 if text.startswith(b'"') else 0


def unreadable() -> Unavailable:
    """What to raise when a provider's reply cannot be understood."""
    return Unavailable(
        "upstream_broken",
        "The provider's reply cannot be read.",
        "See whether the provider has an outage; the call may have been executed.",
    )
