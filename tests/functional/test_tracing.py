"""A traced call: two spans at a real receiver, and the provider continues ours."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from gatebook.app.settings import TelemetrySettings
from gatebook.gateway import conventions
from gatebook.gateway.traceparent import parse
from gatebook.storage.database import open_database
from tests.collectors import Collector, attributes, collecting
from tests.gates import PROVIDER_KEY, RunningGate, chat, open_running_gate

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVER, CLIENT = Span.SpanKind.SPAN_KIND_SERVER, Span.SpanKind.SPAN_KIND_CLIENT
CANARY = "zebedee-canary-in-a-prompt"


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans leave soon after they were made."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")


@contextmanager
def traced(url: str, endpoint: str, ratio: float = 1.0) -> Iterator[RunningGate]:
    """A gate that sends its traces there."""
    database = open_database(url)
    telemetry = TelemetrySettings(otlp_endpoint=endpoint, trace_ratio=ratio)
    with open_running_gate(database, telemetry=telemetry) as gate:
        yield gate
    database.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture
def gate(sqlite_url: str, collector: Collector) -> Iterator[RunningGate]:
    """A gate whose calls are all traced."""
    with traced(sqlite_url, collector.endpoint) as running:
        yield running


def sent_on(gate: RunningGate) -> str:
    """What the provider was told of the trace, in the last call."""
    return gate.provider.seen[-1].headers["traceparent"]


def test_a_call_is_a_server_span_with_a_client_span_under_it(
    gate: RunningGate, collector: Collector
) -> None:
    response = gate.ask(chat("gpt-4o", stream=True))
    server, client = collector.call(SERVER), collector.call(CLIENT)
    assert (server.name, client.name) == ("POST /v1/chat/completions", "chat gpt-4o")
    assert client.trace_id == server.trace_id
    assert (client.parent_span_id, server.parent_span_id) == (server.span_id, b"")
    began, sent = server.start_time_unix_nano, client.start_time_unix_nano
    assert began <= sent < client.end_time_unix_nano <= server.end_time_unix_nano
    assert server.status.code == client.status.code == Status.STATUS_CODE_UNSET
    (intent,) = gate.facts("call.intended")
    (outcome,) = gate.facts("call.concluded")
    record = {
        "gen_ai.agent.id": intent["agent"],
        "gatebook.receipt": response.headers["x-request-id"],
    }
    assert attributes(server) == {
        **record,
        "http.request.method": "POST",
        "http.route": "/v1/chat/completions",
        "http.response.status_code": 200,
        "gatebook.organization": "default",
        "gatebook.workspace": intent["workspace"],
        "gatebook.policy": intent["policy"],
        "gatebook.rule": intent["rule"],
        "gatebook.ending": "complete",
    }
    assert attributes(client) == {
        **record,
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.stream": True,
        "gen_ai.usage.input_tokens": outcome["tokens_in"],
        "gen_ai.usage.output_tokens": outcome["tokens_out"],
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": int(gate.vendor_url.rpartition(":")[2]),
    }
    (resource,) = collector.requests[0].resource_spans
    said = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
    assert said["service.name"] == "gatebook"
    assert {scope.schema_url for scope in resource.scope_spans} == {conventions.SCHEMA_URL}


def test_the_provider_continues_our_span_and_we_that_of_the_agent(
    gate: RunningGate, collector: Collector
) -> None:
    gate.ask(traceparent=f"00-{TRACE}-{PARENT}-01")
    server, client = collector.call(SERVER), collector.call(CLIENT)
    assert server.trace_id.hex() == TRACE
    assert server.parent_span_id.hex() == PARENT
    assert sent_on(gate) == f"00-{TRACE}-{client.span_id.hex()}-01"


def test_a_trace_begins_here_if_the_agent_names_none_of_the_right_form(
    gate: RunningGate, collector: Collector
) -> None:
    for number, wrong in enumerate(["", f"00-{TRACE.upper()}-{PARENT}-01", "x" * 200], 1):
        gate.ask(traceparent=wrong)
        client = collector.call(CLIENT, number)
        assert sent_on(gate) == f"00-{client.trace_id.hex()}-{client.span_id.hex()}-01"
        assert TRACE not in sent_on(gate)


def test_an_agent_that_does_not_record_its_trace_has_none_recorded_here(
    gate: RunningGate, collector: Collector
) -> None:
    gate.ask(traceparent=f"00-{TRACE}-{PARENT}-00")
    assert re.fullmatch(rf"00-{TRACE}-(?!{PARENT})[0-9a-f]{{16}}-00", sent_on(gate))
    gate.ask()
    collector.call(SERVER)
    assert len(collector.of(SERVER)) == 1


def test_a_share_of_the_traces_that_begin_here_is_recorded(
    sqlite_url: str, collector: Collector
) -> None:
    with traced(sqlite_url, collector.endpoint, ratio=0.0) as gate:
        gate.ask()
        parent = parse(sent_on(gate).encode())
        assert parent is not None
        assert not parent.is_sampled
        gate.ask(traceparent=f"00-{TRACE}-{PARENT}-01")
    assert [span.trace_id.hex() for span in collector.of(SERVER)] == [TRACE]


def test_a_refused_call_is_one_span_that_names_the_refusal(
    gate: RunningGate, collector: Collector
) -> None:
    response = gate.ask(chat("o1-preview"), traceparent=f"00-{TRACE}-{PARENT}-01")
    server = collector.call(SERVER)
    said = attributes(server)
    assert collector.of(CLIENT) == []
    assert server.trace_id.hex() == TRACE
    assert said["gatebook.refusal"] == "model_not_allowed"
    assert said["gatebook.receipt"] == response.headers["x-request-id"]
    assert said["gatebook.policy"] == gate.facts("call.refused")[0]["policy"]
    assert said["http.response.status_code"] == 403
    assert server.status.code == Status.STATUS_CODE_UNSET  # it went as it should


def test_a_call_that_the_provider_broke_off_is_an_error_on_both_spans(
    gate: RunningGate, collector: Collector
) -> None:
    gate.ask(chat("sim-cut", stream=True))
    server, client = collector.call(SERVER), collector.call(CLIENT)
    assert attributes(server)["error.type"] == "upstream_broken"
    assert attributes(client)["error.type"] == attributes(server)["gatebook.ending"]
    assert server.status.code == client.status.code == Status.STATUS_CODE_ERROR


def test_nothing_that_was_said_and_no_credential_is_in_a_trace(
    gate: RunningGate, collector: Collector
) -> None:
    said = [{"role": "user", "content": CANARY}]
    answer = gate.ask(chat("gpt-4o", messages=said)).json()["choices"][0]["message"]["content"]
    gate.ask(chat("o1-preview", messages=said))
    key = {"Authorization": f"Bearer {gate.key}"}
    gate.http.get(f"{gate.base_url}/models?key={gate.key}", headers=key)
    gate.http.get(f"{gate.base_url}/{CANARY}", headers=key)
    collector.call(SERVER, 4)
    for secret in (CANARY, gate.key, PROVIDER_KEY, answer):
        assert secret.encode() not in collector.bytes


def test_the_operator_names_the_service(
    sqlite_url: str, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=our-gate,team=red")
    with traced(sqlite_url, collector.endpoint) as gate:
        gate.ask()
        collector.call(SERVER)
        attributes_of = collector.requests[0].resource_spans[0].resource.attributes
        said = {pair.key: pair.value.string_value for pair in attributes_of}
        assert said.items() >= {"service.name": "our-gate", "team": "red"}.items()
        assert said["service.instance.id"]


def test_where_the_operator_turns_the_sdk_off_the_provider_hears_of_no_span(
    sqlite_url: str, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with traced(sqlite_url, collector.endpoint) as gate:
        assert gate.ask().status_code == 200
        assert "traceparent" not in gate.provider.seen[0].headers
    assert collector.spans == []


def test_a_caller_that_nobody_knows_leaves_no_span(gate: RunningGate, collector: Collector) -> None:
    assert gate.ask(Authorization="Bearer gbk_agt_live_unknown").status_code == 401
    gate.ask()
    collector.call(SERVER)
    assert len(collector.spans) == 2


def test_the_spans_of_the_last_calls_leave_before_the_gate_does(
    sqlite_url: str, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    with traced(sqlite_url, collector.endpoint) as gate:
        gate.ask()
        assert collector.spans == []
    assert len(collector.spans) == 2


def test_a_collector_that_refuses_fails_no_call(gate: RunningGate, collector: Collector) -> None:
    collector.status = 503
    assert [gate.ask().status_code for _ in range(5)] == [200] * 5


@pytest.mark.long
def test_a_collector_that_is_silent_keeps_no_call_and_no_stop_waiting(sqlite_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with traced(sqlite_url, f"http://127.0.0.1:{port}/v1/traces") as gate:
            assert [gate.ask().status_code for _ in range(5)] == [200] * 5
            stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < 8
