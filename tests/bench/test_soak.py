"""The soak says what grew, and cannot pass what did."""

from collections import Counter

import pytest

from bench.chart import Line, chart
from bench.soak import Sample, page, picture, verdict


def samples(
    *,
    memory_mb: float = 0,
    files: int = 0,
    left: int = 0,
    threads: int = 0,
    tasks: int = 0,
    stayed: int = 0,
) -> list[Sample]:
    """Fifty samples that rise by so much in all, and one after the end."""
    during = [
        Sample(
            at=2.0 * number,
            memory_mb=70 + memory_mb * number / 50,
            files=40 + files * number // 50,
            threads=5 + threads * number // 50,
            tasks=30 + tasks * number // 50,
            answers=100 * number,
        )
        for number in range(50)
    ]
    after = Sample(
        at=110.0, memory_mb=70, files=30 + left, threads=5, tasks=20 + stayed, answers=5000
    )
    return [*during, after]


def test_what_stays_as_it_was_has_not_grown() -> None:
    assert verdict(samples(memory_mb=3, files=3, threads=4)) == []


@pytest.mark.parametrize(
    ("grown", "said"),
    [
        ({"memory_mb": 30}, "memory, by 23%"),
        ({"files": 20}, "open files"),
        ({"left": 15}, "open files that stayed (5)"),
        ({"threads": 20}, "threads"),
        ({"tasks": 20}, "tasks"),
        ({"stayed": 15}, "tasks that stayed (5)"),
    ],
)
def test_what_grew_is_named(grown: dict[str, int], said: str) -> None:
    assert verdict(samples(**grown)) == [said]


def test_the_page_says_what_was_found() -> None:
    text = page(samples(), Counter({"200": 4000, "502": 1000}), 9000, ["memory, by 23%"])
    assert "Grew: memory, by 23%." in text
    assert "200: 4,000, 502: 1,000" in text
    assert "holds 9,000 entries" in text


def test_the_picture_has_a_line_for_each_figure() -> None:
    assert picture(samples()).count("<polyline") == 2


def test_a_chart_says_its_titles_as_text_and_not_as_markup() -> None:
    drawn = chart("a < b", [0, 1], [Line("c & d", [1, 2])], unit="s")
    assert "a &lt; b" in drawn
    assert "c &amp; d" in drawn
