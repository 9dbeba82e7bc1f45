"""A star stands for anything, and nothing else does."""

import time

import pytest

from gatebook.policy.patterns import Patterns


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        ("*", ["a", "x/y", ""], []),
        ("a*c", ["ac", "abc", "abcc"], ["a", "ab", "cab"]),
        ("*-mini*", ["o4-mini", "gpt-mini-2"], ["mini"]),
        ("a*a", ["aa", "aba"], ["a"]),
        ("a.c", ["a.c"], ["abc"]),
        ("*a*b*", ["ab", "xaxbx"], ["ba"]),
    ],
)
def test_a_star_stands_for_anything(pattern: str, hits: list[str], misses: list[str]) -> None:
    patterns = Patterns([pattern])
    assert [name for name in [*hits, *misses] if patterns.match(name)] == hits


def test_no_pattern_means_nothing() -> None:
    assert not Patterns([]).match("")
    assert not Patterns([]).match("a")


def test_a_pattern_of_many_stars_takes_no_exponential_time() -> None:
    patterns = Patterns(["*a" * 50 + "b"])
    began = time.perf_counter()
    assert not patterns.match("a" * 128)
    assert time.perf_counter() - began < 0.5
