"""Traces of calls for OpenTelemetry: a SERVER span for the call, a CLIENT span for its provider.

A span says what the book says: who, what, decided by which rule, how it ended, and the receipt
under which it stands there; never a prompt, an answer, a credential or an address with a query.
Imported only where tracing is on, because the SDK is large.
"""

import threading
from typing import Final
from uuid import uuid4

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from gatebook.core.clock import Clock
from gatebook.gateway import conventions as names, traceparent
from gatebook.gateway.passage import Passage
from gatebook.web.exchange import Exchange

_EXPORT_SECONDS: Final = 3
"""How long a batch may take to be taken in; then it is lost."""

_LAST_SECONDS: Final = 2
"""How long what is left may take at the end."""


class Traces:
    """Makes spans and has a thread of the SDK's send them; what it cannot keep up with is lost."""

    def __init__(self, endpoint: str, *, ratio: float, version: str, clock: Clock) -> None:
        """`endpoint` is the whole address; `ratio` is of traces that begin here."""
        self._clock = clock
        self._exporter = OTLPSpanExporter(endpoint, timeout=_EXPORT_SECONDS)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)),
            resource=_resource(version),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("gatebook", version, schema_url=names.SCHEMA_URL)

    def begin(self, exchange: Exchange, passage: Passage) -> "CallTrace":
        """The spans of a call, which began a while ago."""
        return CallTrace(self._tracer, self._clock, exchange, passage)

    def close(self) -> None:
        """Send what is left, as far as that is soon done; blocks."""
        limit = threading.Timer(_LAST_SECONDS, self._exporter.shutdown)
        limit.daemon = True
        limit.start()
        self._provider.shutdown()
        limit.cancel()


class CallTrace:
    """The spans of one call; implements `telemetry.Trace`."""

    def __init__(self, tracer: Tracer, clock: Clock, exchange: Exchange, passage: Passage) -> None:
        """Continues the trace of whoever called, if they name one."""
        self._clock = clock
        self._epoch_us = clock.now_us() - clock.monotonic_us()
        asked = names.asked(exchange.method, passage.asked)
        self._server = here = tracer.start_span(
            " ".join(asked.values()),
            _context_of(exchange),
            SpanKind.SERVER,
            attributes=asked,
            start_time=self._ns(passage.times.began_us),
        )
        self._client: Span | None = None
        operation, way = passage.asked, passage.way
        if passage.is_sent and operation and way:
            self._client = here = tracer.start_span(
                names.client_span(operation, passage.model),
                set_span_in_context(self._server, Context()),
                SpanKind.CLIENT,
                attributes=names.sent(operation, way.provider, passage),
                start_time=self._ns(passage.times.sent_us),
            )
        span = here.get_span_context()
        ours = traceparent.Parent(span.trace_id, span.span_id, span.trace_flags.sampled)
        self.traceparent = traceparent.word(ours) if span.is_valid else ""

    def end(self, exchange: Exchange, passage: Passage) -> None:
        """See telemetry.Trace."""
        now_us = self._clock.monotonic_us()
        if self._client is not None:
            error = names.error_of_provider(passage)
            self._finish(self._client, names.came_back(passage), error)
            self._client.end(self._ns(passage.times.concluded_us or now_us))
        error = names.error_of_gate(exchange.status, passage)
        self._finish(self._server, names.told(exchange.status, passage), error)
        self._server.end(self._ns(now_us))

    def _ns(self, monotonic_us: int) -> int:
        return (self._epoch_us + monotonic_us) * 1000

    @staticmethod
    def _finish(span: Span, attributes: names.Attributes, error: str) -> None:
        span.set_attributes(attributes)
        if error:
            span.set_attribute(names.ERROR, error)
            span.set_status(Status(StatusCode.ERROR))


def _resource(version: str) -> Resource:
    """Which service and which process of it this is; the operator's OTEL_* variables win."""
    ours = {
        "service.name": "gatebook",
        "service.version": version,
        "service.instance.id": str(uuid4()),
    }
    return Resource.create(ours).merge(OTELResourceDetector().detect())


def _context_of(exchange: Exchange) -> Context:
    """The context of whoever called."""
    parent = traceparent.parse(exchange.headers.get(b"traceparent", b""))
    if parent is None:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if parent.is_sampled else TraceFlags.DEFAULT)
    span = SpanContext(parent.trace, parent.span, is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(span), Context())
