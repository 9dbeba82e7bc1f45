"""Hands a reply to the agent: whole, or as it comes with its end held back.

Bytes pass on unchanged; what is read of them is read beside. The end of a stream (`data: [DONE]`)
is the part that makes it an answer: it is given only when the outcome of the call is recorded.
"""

from collections.abc import Callable

from gatebook.core.errors import Unavailable
from gatebook.formats import Call, Format, Join
from gatebook.gateway.bodies import Hold
from gatebook.gateway.guarding import Guard
from gatebook.gateway.leash import Leash
from gatebook.gateway.not_executed import is_vendors
from gatebook.gateway.passage import Passage
from gatebook.gateway.upstream import Reply, reply_too_large
from gatebook.policy.treating import Violation
from gatebook.providers import Dialect
from gatebook.web.exchange import Exchange
from gatebook.web.problem import Answer, Headers

_JSON = (b"content-type", b"application/json")
_EVENTS = b"text/event-stream"
_UNBUFFERED = [
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]

# What a provider may say to the agent beside the body; cookies, redirects, its own request id and
# the name of our account there stay here.
_PASSED = frozenset(
    (
        b"retry-after",
        b"retry-after-ms",
        b"x-should-retry",
        b"openai-processing-ms",
        b"openai-version",
        b"x-amzn-errortype",  # without it an AWS client cannot tell one failure from another
    )
)

_RATES = (b"x-ratelimit-", b"anthropic-ratelimit-")


class Delivery:
    """One reply on its way to the agent."""

    def __init__(
        self,
        exchange: Exchange,
        passage: Passage,
        leash: Leash,
        dialect: Dialect,
        *,
        guard: Guard,
        hold: Hold,
        limit: int,
        headers: Headers,
    ) -> None:
        self._exchange = exchange
        self._passage = passage
        self._leash = leash
        self._dialect = dialect
        self._guard = guard
        self._hold = hold
        self._limit = limit
        self._headers = headers
        self.rest: Answer | bytes = b""
        """What is held back until the outcome is recorded."""

    async def receive(self, reply: Reply, call: Call, may_see: Callable[[str], bool]) -> None:
        """Read the reply; a stream goes to the agent meanwhile, all but its end.

        `may_see` tells which models of a list are shown.
        """
        self._headers += _passed(reply, with_rates=not self._passage.holding.bounds.all)
        media_type = reply.header(b"content-type").partition(b";")[0].strip().lower()
        if reply.header(b"content-encoding") not in (b"", b"identity"):
            raise _unreadable()
        spoken = call.operation.format
        if call.streamed and reply.status == 200 and media_type == spoken.stream_type:
            await self._stream(reply, call)
        else:
            await self._whole(reply, spoken, may_see)

    def behind(self, first: "Delivery | None", join: Join | None) -> "Delivery":
        """This one, with what another provider has answered put before what this one did."""
        other = first.rest if first is not None else None
        if join is not None and isinstance(other, Answer) and isinstance(self.rest, Answer):
            self.rest = self.rest._replace(body=join(other.body, self.rest.body))
        return self

    async def finish(self) -> None:
        """Give the agent what was held back."""
        if isinstance(self.rest, Answer):
            await self._exchange.answer(self.rest)
        else:
            await self._exchange.send(self.rest, more=False)

    async def _whole(self, reply: Reply, spoken: Format, may_see: Callable[[str], bool]) -> None:
        body = given = await reply.whole(self._limit, self._hold.reply)
        self._passage.took(body, given)
        _check_status(reply.status)
        if reply.status >= 500 and not is_vendors(reply, body):
            self._passage.ending = "upstream_broken"  # the vendor may have carried the call out
        try:
            self._passage.usage = spoken.usage(body)
            given = await self._guard.received(self._passage, spoken, body)
            if reply.status < 300:
                given = spoken.delivered(given, may_see)
        except Unavailable:
            if reply.status < 400:
                raise
            error = _without_reason(reply.status)
            given = self._dialect.error_body(error, self._passage.reference)
        if given is not body:
            self._passage.took(body, given)
        self.rest = Answer(reply.status, [_JSON, *self._headers], given)

    async def _stream(self, reply: Reply, call: Call) -> None:
        passage, spoken = self._passage, call.operation.format
        received, delivered = passage.follow()
        passage.stream = stream = spoken.stream(call)
        passage.guarded = guarded = self._guard.stream(passage, spoken)

        def give(data: bytes) -> None:
            passage.usage, passage.chunks = stream.usage, stream.chunks
            self._exchange.write(data)
            delivered.update(data)

        def take(part: bytes) -> bool:
            self._leash.heard()
            received.update(part)
            if received.length > self._limit:
                raise reply_too_large()
            try:
                passed = guarded.feed(part)
            except Violation:
                give(stream.feed(guarded.left()))
                raise
            give(stream.feed(passed))
            return not (stream.is_complete or self._exchange.is_full)

        await self._exchange.begin(200, [_typed(spoken), *_UNBUFFERED, *self._headers])
        has_ended = False
        while not (has_ended or stream.is_complete):
            has_ended = await reply.feed(take)
            if self._exchange.is_full:
                self._leash.waits_for_agent()
                await self._exchange.drained()
                self._leash.heard()
        give(stream.feed(guarded.finish()))
        if not stream.is_complete:
            give(stream.close())
        if not stream.is_complete and not stream.has_failed:
            raise _cut_off()
        if stream.has_failed:
            passage.ending = "upstream_broken"
        self.rest = stream.end()
        delivered.update(self.rest)


def _typed(spoken: Format) -> tuple[bytes, bytes]:
    charset = b"; charset=utf-8" if spoken.stream_type == _EVENTS else b""
    return b"content-type", spoken.stream_type + charset


def _passed(reply: Reply, *, with_rates: bool) -> Headers:
    """What of the reply's head the agent gets; the provider's limits only if it has none here."""
    return [
        (name, value)
        for name, value in reply.headers
        if name in _PASSED or (with_rates and name.startswith(_RATES))
    ]


def _check_status(status: int) -> None:
    if status == 401:
        raise Unavailable(
            "upstream_credential_rejected",
            "The provider does not accept the credential we hold for it.",
            "Have an administrator replace it: gatebook provider rekey",
        )
    if status not in range(200, 300) and status not in range(400, 600):
        raise _unreadable()


def _unreadable() -> Unavailable:
    return Unavailable(
        "upstream_broken",
        "The provider's reply cannot be read.",
        "See that the provider's address is that of its API.",
    )


def _cut_off() -> Unavailable:
    return Unavailable(
        "upstream_broken",
        "The provider's stream ended before it was complete.",
        "What came so far may be incomplete; the call was executed.",
    )


def _without_reason(status: int) -> Unavailable:
    return Unavailable("upstream_error", f"The provider answered {status} and gave no reason.")
