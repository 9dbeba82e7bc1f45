"""What is written is what a Prometheus reads; its own client's parser says so."""

from prometheus_client.parser import text_string_to_metric_families

from gatebook.gateway.exposition import Metric, Sample, write
from gatebook.gateway.histogram import Histogram


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The samples, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_label_keeps_its_value_whatever_is_in_it() -> None:
    metric = Metric("calls_total", "counter", "Calls.", ("name", "other"))
    evil = 'a"b\\c\nd\\n{}=,é'
    text = write(metric, [Sample(3, (evil, "x")), Sample(4, ("", "x"))])
    assert read(text) == {
        ("calls_total", frozenset({("name", evil), ("other", "x")})): 3,
        ("calls_total", frozenset({("name", ""), ("other", "x")})): 4,
    }


def test_each_bound_of_a_histogram_includes_those_below() -> None:
    histogram = Histogram((500_000, 2_000_000))
    for us in (1, 500_000, 500_001, 3_000_000):
        histogram.add(us)
    text = write(Metric("seconds", "histogram", "Time.", ("way",)), [Sample(histogram, ("x",))])
    way = ("way", "x")
    assert read(text) == {
        ("seconds_bucket", frozenset({way, ("le", "0.5")})): 2,
        ("seconds_bucket", frozenset({way, ("le", "2.0")})): 3,
        ("seconds_bucket", frozenset({way, ("le", "+Inf")})): 4,
        ("seconds_count", frozenset({way})): 4,
        ("seconds_sum", frozenset({way})): 4.000002,
    }


def test_a_metric_without_samples_is_named_all_the_same() -> None:
    (family,) = text_string_to_metric_families(write(Metric("x", "gauge", "What."), []))
    assert (family.name, family.type, family.documentation) == ("x", "gauge", "What.")
