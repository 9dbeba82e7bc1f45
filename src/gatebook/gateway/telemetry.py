"""What is told of calls beside the book: counted, logged, traced, each only if somebody wants it.

It is told when a call has ended, and no call depends on it: what goes wrong here is not seen by an
agent. The one thing that has to be known before is whose span the provider is to continue.
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from gatebook.formats import Call
from gatebook.gateway import traceparent
from gatebook.gateway.passage import Passage, Trace
from gatebook.web.exchange import Exchange

Tell = Callable[[Exchange, Passage], None]
BeginTrace = Callable[[Exchange, Passage], Trace]


class Telemetry:
    """Tells of calls to whoever is to know."""

    def __init__(self, tell: Sequence[Tell], begin_trace: BeginTrace | None = None) -> None:
        self._tell = tell
        self._begin_trace = begin_trace

    def outbound(self, call: Call, exchange: Exchange, passage: Passage) -> Call:
        """The call as it leaves: where it is traced, our span is whom the provider hears of."""
        if self._begin_trace is None:
            return call
        passage.trace = trace = passage.trace or self._begin_trace(exchange, passage)
        headers = [field for field in call.headers if field[0].lower() != traceparent.NAME]
        if trace.traceparent:
            headers.append((traceparent.NAME, trace.traceparent))
        return replace(call, headers=tuple(headers))

    def ended(self, exchange: Exchange, passage: Passage) -> None:
        """A request has ended, in whatever way; callers that nobody knows leave no span."""
        for tell in self._tell:
            tell(exchange, passage)
        if self._begin_trace is not None and passage.principal is not None:
            trace = passage.trace or self._begin_trace(exchange, passage)
            trace.end(exchange, passage)
