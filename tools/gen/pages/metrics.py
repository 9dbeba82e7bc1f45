"""Every metric that the gate tells a Prometheus."""

from gatebook.core.clock import SECOND_US
from gatebook.gateway.histogram import LOCAL_US, REMOTE_US
from gatebook.gateway.metrics import METRICS
from tools.gen.markdown import code, table

PATH = "docs/reference/metrics.md"

_INTRODUCTION = """\
# Metrics

What `GET /metrics` on the port of the metrics says, in Prometheus' text format.
They are off by default: [how to turn them on](../how-to/watch.md).
A label is a word of this program or a name that an administrator gave, never what a caller sent.
Counters begin at 0 when the process starts.
"""


def page() -> str:
    """One row per metric, and the bounds of the histograms."""
    rows = [
        (code(metric.name), metric.kind, ", ".join(map(code, metric.labels)), metric.meaning)
        for metric in METRICS
    ]
    bounds = [
        ("of a call as a whole and of its provider", _seconds(REMOTE_US)),
        ("of the gate and its book", _seconds(LOCAL_US)),
    ]
    return "\n".join(
        [
            _INTRODUCTION,
            table(["metric", "type", "labels", "what it says"], rows),
            "## Bounds of histograms\n",
            table(["time", "at most so many seconds"], bounds),
        ]
    )


def _seconds(bounds_us: tuple[int, ...]) -> str:
    return ", ".join(f"{bound / SECOND_US:g}" for bound in bounds_us)
