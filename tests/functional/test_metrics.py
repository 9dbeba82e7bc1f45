"""What Prometheus is told: as the book has it, without a caller's words, on a port of its own."""

from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gatebook.app.settings import TelemetrySettings
from gatebook.gateway.metrics import METRICS
from gatebook.storage.database import open_database
from tests.gates import RunningGate, chat, eventually, open_running_gate
from tests.served import free_port
from tests.simulators.stores import Fault

Labels = frozenset[tuple[str, str]]
CANARY = "zebedee"


class Scraper:
    """Asks a gate as a Prometheus does."""

    def __init__(self, gate: RunningGate, port: int) -> None:
        self.gate = gate
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> httpx.Response:
        """What is answered at a path."""
        return self.gate.http.get(self.url + path)

    def samples(self) -> dict[str, dict[Labels, float]]:
        """Every sample by its name and labels."""
        found: dict[str, dict[Labels, float]] = {}
        for family in text_string_to_metric_families(self.get("/metrics").text):
            for sample in family.samples:
                labels = frozenset(sample.labels.items())
                assert labels not in found.setdefault(sample.name, {})
                found[sample.name][labels] = sample.value
        return found

    def by(self, name: str, label: str) -> dict[str, float]:
        """The sums of a metric by one of its labels."""
        sums: Counter[str] = Counter()
        for labels, value in self.samples().get(name, {}).items():
            sums[dict(labels)[label]] += int(value)
        return dict(sums)

    def one(self, name: str) -> float:
        """The sum of a metric over its labels."""
        return sum(self.samples().get(name, {}).values())


@pytest.fixture
def scraper(sqlite_url: str) -> Iterator[Scraper]:
    """A gate with metrics, by agent too."""
    database, port = open_database(sqlite_url), free_port()
    telemetry = TelemetrySettings(metrics=True, metrics_port=port, metrics_by_agent=True)
    with open_running_gate(database, telemetry=telemetry) as gate:
        yield Scraper(gate, port)
    database.close()


def test_stops_that_are_in_force_are_counted_by_what_they_stop(scraper: Scraper) -> None:
    kinds = ("platform", "organization", "workspace", "provider", "model", "agent", "quarantine")
    none = dict.fromkeys((*kinds, "unreadable"), 0.0)
    assert scraper.by("gatebook_stops", "kind") == none
    for kind, name in (("model", "o1-*"), ("model", "o3-*"), ("quarantine", "bot"), ("drill", "")):
        scraper.gate.engage(kind, name)
    assert scraper.by("gatebook_stops", "kind") == {**none, "model": 2, "quarantine": 1}


def test_the_metrics_agree_with_the_book(scraper: Scraper) -> None:
    gate = scraper.gate
    for body in (chat(), chat(stream=True), chat("sim-cut", stream=True), chat("sim-error-500")):
        gate.ask(body)
    for refused in (chat("o1-preview"), chat("o1-preview"), b"{"):
        gate.ask(refused)
    gate.ask(Authorization="Bearer nobody")
    eventually(lambda: scraper.one("gatebook_requests_in_flight") == 0)
    outcomes = gate.facts("call.concluded")
    endings = Counter(outcome["ending"] for outcome in outcomes)
    agent = gate.facts("call.intended")[0]["agent"]
    assert scraper.by("gatebook_calls_total", "ending") == endings
    assert scraper.by("gatebook_calls_total", "provider") == {"simulated": 4}
    assert scraper.by("gatebook_calls_total", "dialect") == {"openai": 4}
    assert scraper.by("gatebook_calls_total", "operation") == {"chat.completions": 4}
    assert scraper.by("gatebook_agent_calls_total", "agent") == {agent: 4}
    tokens = {
        "in": sum(outcome.get("tokens_in", 0) for outcome in outcomes),
        "out": sum(outcome.get("tokens_out", 0) for outcome in outcomes),
    }
    assert scraper.by("gatebook_tokens_total", "direction") == tokens
    assert scraper.by("gatebook_agent_tokens_total", "direction") == tokens
    assert scraper.by("gatebook_refusals_total", "code") == {
        "model_not_allowed": 2,
        "json_malformed": 1,
        "invalid_api_key": 1,
    }
    assert scraper.by("gatebook_refusals_total", "organization") == {"default": 3, "": 1}
    assert scraper.one("gatebook_requests_total") == 8
    for name in ("call_duration", "first_byte", "gate"):
        assert scraper.one(f"gatebook_{name}_seconds_count") == 4
    entries = 2 * len(outcomes) + len(gate.facts("call.refused"))
    assert scraper.one("gatebook_ledger_append_seconds_count") == entries


def test_a_call_whose_outcome_is_not_in_the_book_is_counted_as_such(scraper: Scraper) -> None:
    scraper.gate.store.faults = [None, None, Fault.COMMIT]
    assert scraper.gate.ask().status_code == 503
    eventually(lambda: scraper.by("gatebook_calls_total", "ending") == {"not_recorded": 1})


def test_the_gate_is_seen_at_work(scraper: Scraper) -> None:
    gate = scraper.gate
    headers = {"Authorization": f"Bearer {gate.key}"}
    body = chat("sim-silent", stream=True)
    url = f"{gate.base_url}/chat/completions"
    with gate.http.stream("POST", url, json=body, headers=headers) as response:
        parts = response.iter_bytes()
        next(parts)
        assert scraper.one("gatebook_requests_in_flight") == 1
        assert scraper.one("gatebook_connections") == 1
        assert scraper.one("gatebook_body_bytes") == len(response.request.content)
    eventually(lambda: scraper.one("gatebook_requests_in_flight") == 0)
    assert scraper.one("gatebook_body_bytes") == 0
    assert scraper.by("gatebook_calls_total", "ending") == {"client_disconnected": 1}
    revision = gate.office.directory.revision
    eventually(lambda: scraper.one("gatebook_directory_revision") == revision)
    assert scraper.one("gatebook_directory_age_seconds") < 5
    assert scraper.one("gatebook_unsigned_age_seconds") < 5
    assert scraper.one("gatebook_ledger_waiting") == 0
    assert scraper.by("gatebook_ready", "check") == dict.fromkeys(
        ("front", "directory", "book", "notary", "stops"), 1
    )


def test_what_is_exposed_is_what_the_reference_lists(scraper: Scraper) -> None:
    scraper.gate.ask()
    scraper.gate.ask(chat("o1-preview"))
    eventually(lambda: scraper.one("gatebook_requests_in_flight") == 0)
    text = scraper.get("/metrics").text
    listed = {
        metric.name.removesuffix("_total"): (metric.kind, metric.meaning, set(metric.labels))
        for metric in METRICS
    }
    exposed = {
        family.name: (
            family.type,
            family.documentation,
            {label for sample in family.samples for label in sample.labels} - {"le"},
        )
        for family in text_string_to_metric_families(text)
    }
    assert exposed == listed
    assert scraper.get("/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")


def test_no_word_of_a_caller_becomes_a_label(scraper: Scraper) -> None:
    gate = scraper.gate
    gate.ask(chat(f"gpt-{CANARY}"))
    gate.ask(chat(f"{CANARY}-model"))
    gate.ask(traceparent=CANARY, **{"User-Agent": CANARY, "OpenAI-Organization": CANARY})
    for method, path in (("GET", f"/{CANARY}"), (CANARY.upper(), "/v1/models")):
        gate.http.request(method, gate.base_url + path, headers={"X-Api-Key": gate.key})
    gate.http.get(f"{gate.base_url}/models?key={CANARY}", headers={"X-Api-Key": CANARY})
    eventually(lambda: scraper.one("gatebook_requests_in_flight") == 0)
    assert CANARY not in scraper.get("/metrics").text.lower()


def test_the_port_of_the_metrics_has_nothing_else_and_the_agents_port_has_no_metrics(
    scraper: Scraper,
) -> None:
    assert scraper.get("/v1/models").status_code == 404
    assert scraper.gate.http.post(f"{scraper.url}/metrics").status_code == 405
    agents = f"http://127.0.0.1:{scraper.gate.port}"
    assert scraper.gate.http.get(f"{agents}/metrics").status_code == 401
    assert scraper.get("/healthz").json() == {"live": True}


def test_nothing_listens_and_nothing_is_traced_unless_it_is_wanted() -> None:
    telemetry = TelemetrySettings()
    assert not telemetry.metrics
    assert telemetry.otlp_endpoint == ""
    assert not telemetry.access_log
