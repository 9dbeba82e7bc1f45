"""A duration is counted once, under the first bound that it is not over."""

import pytest

from gatebook.gateway.histogram import LOCAL_US, REMOTE_US, Histogram


@pytest.mark.parametrize(("us", "place"), [(0, 0), (10, 0), (11, 1), (20, 1), (21, 2)])
def test_a_bound_belongs_to_what_is_below_it(us: int, place: int) -> None:
    histogram = Histogram((10, 20))
    histogram.add(us)
    assert histogram.counts == [int(index == place) for index in range(3)]
    assert histogram.total_us == us


@pytest.mark.parametrize("bounds", [LOCAL_US, REMOTE_US])
def test_bounds_rise(bounds: tuple[int, ...]) -> None:
    assert list(bounds) == sorted(set(bounds))
