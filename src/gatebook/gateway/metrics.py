"""What the gate tells a Prometheus that asks: one row a metric, read off when it is asked for.

Nothing here runs on the path of a call. The names are an interface that people build alerts on:
one that changes its meaning gets another name.
"""

import asyncio
import platform
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from gatebook import __version__
from gatebook.core.clock import SECOND_US
from gatebook.gateway import process
from gatebook.gateway.exposition import Metric, Sample, write
from gatebook.gateway.gate import Gate
from gatebook.gateway.histogram import Histogram
from gatebook.gateway.meter import Meter, Traffic
from gatebook.gateway.readiness import checks

_Read = Callable[[Gate, Meter], Iterable[Sample]]
_WAY: Final = ("organization", "provider", "dialect", "operation")


def _one(value: Callable[[Gate, Meter], float]) -> _Read:
    """A metric of one value."""
    return lambda gate, meter: [Sample(value(gate, meter))]


def _of_traffic(histogram: Callable[[Traffic], Histogram]) -> _Read:
    """A histogram of the calls of each way."""
    return lambda _, meter: [
        Sample(histogram(traffic), way) for way, traffic in meter.traffic.items()
    ]


def _calls(_: Gate, meter: Meter) -> Iterator[Sample]:
    for way, traffic in meter.traffic.items():
        for ending, count in traffic.calls.items():
            yield Sample(count, (*way, ending))


def _tokens(_: Gate, meter: Meter) -> Iterator[Sample]:
    for way, traffic in meter.traffic.items():
        yield Sample(traffic.tokens_in, (*way, "in"))
        yield Sample(traffic.tokens_out, (*way, "out"))


def _agent_calls(_: Gate, meter: Meter) -> Iterator[Sample]:
    for agent, traffic in meter.agents.items():
        for ending, count in traffic.calls.items():
            yield Sample(count, (agent, ending))


def _agent_tokens(_: Gate, meter: Meter) -> Iterator[Sample]:
    for agent, traffic in meter.agents.items():
        for direction, count in traffic.tokens.items():
            yield Sample(count, (agent, direction))


METRICS: Final[dict[Metric, _Read]] = {
    Metric(
        "gatebook_build_info", "gauge", "Always 1; the versions are labels.", ("version", "python")
    ): lambda *_: [Sample(1, (__version__, platform.python_version()))],
    Metric(
        "gatebook_ready",
        "gauge",
        "Whether a check that calls depend on is passed: 1 or 0.",
        ("check",),
    ): lambda gate, _: [Sample(int(not code), (name,)) for name, code in checks(gate).items()],
    Metric("gatebook_connections", "gauge", "Connections of agents that are open."): _one(
        lambda gate, _: gate.front.connections
    ),
    Metric(
        "gatebook_requests_total",
        "counter",
        "Requests that came in, of callers that nobody knows too; probes are not counted.",
    ): _one(lambda gate, _: gate.counts["http_requests"]),
    Metric(
        "gatebook_requests_in_flight", "gauge", "Requests that came in and have not ended."
    ): _one(lambda gate, meter: gate.counts["http_requests"] - meter.ended),
    Metric(
        "gatebook_requests_left_total",
        "counter",
        "Requests whose sender left before they were complete.",
    ): _one(lambda gate, _: gate.counts["left_before_asking"]),
    Metric(
        "gatebook_refusals_total",
        "counter",
        "Calls that were turned away before they left, by the code that the agent was told; without"
        " an organization where nobody knows the caller.",
        ("organization", "operation", "code"),
    ): lambda _, meter: [Sample(count, labels) for labels, count in meter.refusals.items()],
    Metric(
        "gatebook_calls_total",
        "counter",
        "Calls that were let out and have ended, by how: as call.concluded names it, or"
        " not_recorded where the outcome is not in the book and the answer was withheld.",
        (*_WAY, "ending"),
    ): _calls,
    Metric(
        "gatebook_tokens_total",
        "counter",
        "Tokens that providers reported, in (prompt) and out (answer).",
        (*_WAY, "direction"),
    ): _tokens,
    Metric(
        "gatebook_call_duration_seconds",
        "histogram",
        "From the head of the request to the end of the answer.",
        _WAY,
    ): _of_traffic(lambda traffic: traffic.duration),
    Metric(
        "gatebook_first_byte_seconds",
        "histogram",
        "From sending a call to the head of the provider's reply.",
        _WAY,
    ): _of_traffic(lambda traffic: traffic.first_byte),
    Metric(
        "gatebook_gate_seconds",
        "histogram",
        "What the gate added to a call: from the complete request to the end of the answer, without"
        " the time in which the call was with its provider.",
        _WAY,
    ): _of_traffic(lambda traffic: traffic.gate),
    Metric(
        "gatebook_circuits_open",
        "gauge",
        "Models of providers that are left alone because they failed, or asked for it.",
    ): _one(lambda gate, _: gate.breakers.open_count),
    Metric(
        "gatebook_agent_calls_total",
        "counter",
        "Calls of an agent that were let out and have ended; with telemetry.metrics_by_agent.",
        ("agent", "ending"),
    ): _agent_calls,
    Metric(
        "gatebook_agent_tokens_total",
        "counter",
        "Tokens of an agent's calls, in and out; with telemetry.metrics_by_agent.",
        ("agent", "direction"),
    ): _agent_tokens,
    Metric(
        "gatebook_ledger_append_seconds",
        "histogram",
        "How long an entry took to be durable, or to be given up.",
    ): lambda gate, _: [Sample(gate.book.times)],
    Metric(
        "gatebook_ledger_waiting",
        "gauge",
        "Entries that wait to be durable, and the calls with them.",
    ): _one(lambda gate, _: gate.book.waiting),
    Metric(
        "gatebook_unsigned_age_seconds",
        "gauge",
        "How long the oldest entry may have waited for the notary's signature; beyond"
        " ledger.stall_seconds calls are refused. Up to 15 where all is well: the notary is asked"
        " about what has waited for ten.",
    ): _one(lambda gate, _: gate.unsigned.age_us / SECOND_US),
    Metric(
        "gatebook_directory_revision",
        "gauge",
        "The administrative change up to which calls are decided on.",
    ): _one(lambda gate, _: gate.snapshots.revision),
    Metric(
        "gatebook_directory_age_seconds",
        "gauge",
        "How long ago that was seen to be the newest; beyond gateway.snapshot_stale_seconds calls"
        " are refused.",
    ): _one(lambda gate, _: gate.snapshots.age_us / SECOND_US),
    Metric(
        "gatebook_stops",
        "gauge",
        "Stops that are in force here, by what they stop; unreadable: an order in the folder cannot"
        " be believed, so that everything is stopped.",
        ("kind",),
    ): lambda gate, _: [Sample(n, (kind,)) for kind, n in gate.stopping.counts().items()],
    Metric(
        "gatebook_body_bytes", "gauge", "Bytes of requests and whole replies that are held."
    ): _one(lambda gate, _: gate.bodies.held),
    Metric(
        "gatebook_body_bytes_limit", "gauge", "How many may be held: memory.bodies_limit_bytes."
    ): _one(lambda gate, _: gate.bodies.limit),
    Metric(
        "gatebook_tasks",
        "gauge",
        "Tasks of the event loop that have not ended: some for each call, and a few of the gate's"
        " own that never do.",
    ): _one(lambda *_: len(asyncio.all_tasks())),
    Metric("process_cpu_seconds_total", "counter", "Processor time of this process."): _one(
        lambda *_: process.cpu_seconds()
    ),
    Metric(
        "process_resident_memory_bytes", "gauge", "Memory of this process that is in RAM."
    ): _one(lambda *_: process.resident_bytes()),
    Metric("process_open_fds", "gauge", "Files and sockets that this process has open."): _one(
        lambda *_: process.open_files()
    ),
    Metric("process_max_fds", "gauge", "How many it may have open."): _one(
        lambda *_: process.open_files_limit()
    ),
    Metric(
        "process_start_time_seconds", "gauge", "When it started, in seconds of the Unix epoch."
    ): _one(lambda *_: process.started_at()),
}


def exposition(gate: Gate, meter: Meter) -> bytes:
    """All metrics as they are now."""
    return "".join(write(metric, read(gate, meter)) for metric, read in METRICS.items()).encode()
