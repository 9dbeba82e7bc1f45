"""A collector of traces: a real receiver of OTLP over HTTP, as far as tests need one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.gates import eventually


class Collector:
    """What came in, and where; `status` is what it answers."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.bytes = b""
        self.status = 200
        self.endpoint = ""

    @property
    def spans(self) -> list[Span]:
        """Every span that came."""
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def call(self, kind: "Span.SpanKind.ValueType", count: int = 1) -> Span:
        """The last of the spans of a kind, once so many have come."""
        eventually(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[-1]

    def of(self, kind: "Span.SpanKind.ValueType") -> list[Span]:
        """The spans of a kind."""
        return [span for span in self.spans if span.kind == kind]


def attributes(span: Span) -> dict[str, Any]:
    """What a span says, by name."""
    return {
        pair.key: getattr(pair.value, str(pair.value.WhichOneof("value")))
        for pair in span.attributes
    }


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens meanwhile."""
    collector = Collector()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take in what is exported."""
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.bytes += body
            if self.path == "/v1/traces" and collector.status == 200:
                collector.requests.append(ExportTraceServiceRequest.FromString(body))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(collector.status)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        collector.endpoint = f"http://127.0.0.1:{server.server_port}/v1/traces"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield collector
        server.shutdown()
        thread.join()
