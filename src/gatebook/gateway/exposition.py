"""Writes metrics as Prometheus reads them: text format 0.0.4.

Source: prometheus.io/docs/instrumenting/exposition_formats, "Text-based format". A library would do
the same with more: what costs is how calls are counted, and that is `meter.py`.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from gatebook.core.clock import SECOND_US
from gatebook.gateway.histogram import Histogram

MEDIA_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Metric(NamedTuple):
    """What is measured, and by what it is told apart."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()


class Sample(NamedTuple):
    """One value of a metric, for one value of each of its labels."""

    value: float | Histogram
    labels: tuple[str, ...] = ()


def write(metric: Metric, samples: Iterable[Sample]) -> str:
    """A metric with all its samples; durations become seconds."""
    lines = [f"# HELP {metric.name} {metric.meaning}", f"# TYPE {metric.name} {metric.kind}"]
    for value, labels in samples:
        named = _named(metric.labels, labels)
        if isinstance(value, Histogram):
            lines += _histogram(metric.name, named, value)
        else:
            lines.append(f"{metric.name}{_braced(named)} {value}")
    return "\n".join(lines) + "\n"


def _histogram(name: str, labels: str, histogram: Histogram) -> Iterable[str]:
    """Counts of what is within each bound, one including the other."""
    count = 0
    bounds = [str(bound / SECOND_US) for bound in histogram.bounds_us]
    before = f"{labels}," if labels else ""
    for bound, more in zip([*bounds, "+Inf"], histogram.counts, strict=True):
        count += more
        yield f'{name}_bucket{{{before}le="{bound}"}} {count}'
    yield f"{name}_sum{_braced(labels)} {histogram.total_us / SECOND_US}"
    yield f"{name}_count{_braced(labels)} {count}"


def _named(names: Sequence[str], values: Sequence[str]) -> str:
    return ",".join(
        f'{name}="{value.translate(_ESCAPES)}"' for name, value in zip(names, values, strict=True)
    )


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""
