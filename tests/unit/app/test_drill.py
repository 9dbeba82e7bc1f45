"""A drill tells a clock that differs from a gateway that is slow."""

import pytest

from gatebook.app.drill import skew


@pytest.mark.parametrize(
    ("delay_ms", "how"), [(-1, "behind"), (0, ""), (400, ""), (500, ""), (501, "ahead")]
)
def test_an_answer_from_before_the_order_or_after_it_was_seen_shows_that_clocks_differ(
    delay_ms: int, how: str
) -> None:
    assert skew(delay_ms, most_ms=500) == how
