"""A run as text: the table on screen, the generated part of the page, the raw JSON."""

from collections.abc import Iterator

import msgspec

from bench.figures import (
    DISTURBED_SHARE,
    Goal,
    LedgerRates,
    RowResult,
    Run,
    Skipped,
    added_p50,
    added_p99,
    goals,
    ratio,
)
from bench.pages import table

_OURS = ("gatebook", "whole")
_COMPARED = ("passthrough", "own", "portkey", "litellm")


def to_json(run: Run) -> bytes:
    """Every number of the run, for whoever wants to compute something else."""
    return msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n"


def summary(run: Run) -> str:
    """What is printed at the end of a run."""
    parts = [_rows_table(run), list(_remarks(run)), _latency_table(run), _goals_table(run)]
    if isinstance(run.ledger, Skipped):
        parts.append([f"The ledger was skipped: {run.ledger.reason}."])
    if warning := disturbance(run):
        parts.append([warning])
    return "\n\n".join("\n".join(part) for part in parts if part)


def generated(run: Run) -> str:
    """The generated part of the page."""
    sections = [
        _machine_lines(run),
        ["### Goals", "", *_goals_table(run), "", *_goals_in_words(run)],
        ["### Throughput on one core", "", *_rows_table(run), "", *_remarks(run)],
        ["### Latency at a tenth of the row's own saturation", "", *_latency_table(run)],
        ["### Ledger", "", *_ledger_lines(run)],
    ]
    return "\n\n".join("\n".join(section) for section in sections)


def _machine_lines(run: Run) -> list[str]:
    machine = run.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return [
        f"Run of {run.started[:10]}, {run.seconds} seconds long{', quick' if run.quick else ''}.",
        (
            f"Machine: {machine.cores} cores of {machine.processor}, {machine.memory_gib} GiB, "
            f"{machine.kernel}, {machine.disk}."
        ),
        f"{machine.python}; {versions}.",
    ]


def _rows_table(run: Run) -> list[str]:
    header = ["row", "requests/s", "lowest to highest", "of the pass-through", "CPU per request"]
    header += ["resident (RSS / PSS)", "cores shared with others"]
    return table(header, [_row_cells(run, row) for row in run.rows])


def _row_cells(run: Run, row: RowResult) -> list[str]:
    if row.skipped:
        return [row.title, "skipped", "", "", "", "", ""]
    rates = [r.requests_per_second for r in row.rounds]
    share = ratio(run, row.id, "passthrough")
    memory = row.memory
    return [
        row.title if row.valid else f"{row.title} **invalid**",
        f"{row.rate:,.0f}",
        f"{min(rates):,.0f} to {max(rates):,.0f}",
        f"{share:.3f}" if share else "-",
        f"{row.cpu_us:,.0f} µs",
        f"{memory.rss_bytes / 1e6:,.0f} / {memory.pss_bytes / 1e6:,.0f} MB" if memory else "-",
        f"{row.foreign_share:.0%}",
    ]


def _latency_table(run: Run) -> list[str]:
    header = ["row", "pace", "p50", "p99", "added p50", "added p99", "samples"]
    return table(header, [_latency_cells(row) for row in run.rows if row.latency])


def _latency_cells(row: RowResult) -> list[str]:
    return [
        row.title if row.valid else f"{row.title} **invalid**",
        f"{row.latency[-1].rate:,.0f}/s",
        f"{row.added_ms(lambda x: x.p50_ms):.2f} ms",
        f"{row.added_ms(lambda x: x.p99_ms):.2f} ms",
        f"{row.added_ms(added_p50):.2f} ms",
        f"{row.added_ms(added_p99):.2f} ms",
        f"{sum(x.samples for x in row.latency):,}",
    ]


def _goals_table(run: Run) -> list[str]:
    return table(
        ["goal", "promised", "measured", "verdict"],
        [[goal.title, _promised(goal), _measured(goal), _verdict(goal)] for goal in goals(run)],
    )


def _promised(goal: Goal) -> str:
    return f"{'>=' if goal.at_least else '<='} {_figure(goal.target, goal.unit)}"


def _measured(goal: Goal) -> str:
    return "-" if goal.measured is None else _figure(goal.measured, goal.unit)


def _verdict(goal: Goal) -> str:
    return f"**{goal.verdict}**" if goal.verdict == "missed" else goal.verdict


def _figure(value: float, unit: str) -> str:
    if unit == "/s":
        return f"{value:,.0f}/s"
    return f"{value:,.2f} {unit}"


def disturbance(run: Run) -> str:
    """A warning if others kept the machine so busy that the run decides nothing; else empty."""
    if run.disturbance <= DISTURBED_SHARE:
        return ""
    return (
        f"Other programs took up to {run.disturbance:.0%} of the cores: this run decides nothing. "
        "Measure again on a quiet machine."
    )


def _goals_in_words(run: Run) -> list[str]:
    missed = [goal.title for goal in goals(run) if goal.verdict == "missed"]
    unknown = [goal.title for goal in goals(run) if goal.verdict == "not measured"]
    lines = [f"Missed in this run: {'; '.join(missed)}." if missed else "No goal was missed."]
    if unknown:
        lines.append(f"Not measured in this run: {'; '.join(unknown)}.")
    return lines


def _remarks(run: Run) -> Iterator[str]:
    for row in run.rows:
        if row.skipped:
            yield f"{row.title} was skipped: {row.skipped}."
        if row.faults:
            yield f"{row.title} is invalid: {', '.join(row.faults)}."
        if row.entries is not None:
            yield (
                f"Afterwards the book of {row.title.split(',')[0]} was exported and verified: "
                f"{row.entries:,} entries for at least {row.requests:,} calls."
            )
    for own in run.rows:
        if own.id not in _OURS:
            continue
        ours = {row_id: ratio(run, own.id, row_id) for row_id in _COMPARED}
        compared = [f"{value:.2f} x {row_id}" for row_id, value in ours.items() if value]
        if compared:
            yield f"{own.title}: {', '.join(compared)}."


def _ledger_lines(run: Run) -> list[str]:
    rates: LedgerRates | Skipped = run.ledger
    if isinstance(rates, Skipped):
        return [f"The ledger was skipped: {rates.reason}."]
    return table(
        ["what", "entries/s"],
        [
            ["appended by one writer, signed, durable", f"{rates.append:,.0f}"],
            ["verified, fast", f"{rates.verify_fast:,.0f}"],
            ["verified, full", f"{rates.verify_full:,.0f}"],
        ],
    )
