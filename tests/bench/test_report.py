"""What the page says about a run."""

import msgspec

from bench.figures import RowResult
from bench.report import disturbance, generated, summary, to_json
from tests.bench.samples import a_latency, a_round, a_row, a_run


def test_a_missed_goal_is_named_in_words() -> None:
    rows = [a_row("gatebook", [a_round(100.0)]), a_row("passthrough", [a_round(1000.0)])]
    text = generated(a_run(rows))
    missed = "throughput of the bare pass-through, gateway alone on the core"
    assert f"Missed in this run: {missed}." in text
    assert "**missed**" in text


def test_a_skipped_row_says_why_and_shows_no_figure() -> None:
    text = generated(a_run([RowResult("portkey", "Portkey gateway", skipped="node is absent")]))
    assert "Portkey gateway was skipped: node is absent." in text
    assert "| Portkey gateway | skipped" in text


def test_an_invalid_row_is_marked_and_its_fault_named() -> None:
    row = a_row("portkey", [a_round(900.0, errors=4, requests=500, provider_calls=498)])
    text = generated(a_run([row]))
    assert "**invalid**" in text
    assert "is invalid: 4 errors, 2 answers without a call to the provider" in text


def test_a_run_beside_busy_programs_says_that_it_decides_nothing() -> None:
    busy = [a_round(900.0, foreign_share=share) for share in (0.0, 0.4, 0.5)]
    run = a_run([a_row("nginx", [a_round(1.0)]), a_row("portkey", busy)])
    assert "up to 40% of the cores" in disturbance(run)
    assert disturbance(run) in summary(run)


def test_one_busy_round_does_not_spoil_a_run() -> None:
    rounds = [a_round(900.0, foreign_share=share) for share in (0.0, 0.0, 0.5)]
    assert disturbance(a_run([a_row("portkey", rounds)])) == ""


def test_the_raw_figures_can_be_read_back() -> None:
    row = a_row("nginx", [a_round(41_000.0)], [a_latency()])
    raw = msgspec.json.decode(to_json(a_run([row])))
    assert raw["rows"][0]["rounds"][0]["requests_per_second"] == 41_000.0
    assert raw["ledger"] == {"reason": "none"}
