"""What is said to be needed stands in whatever a pattern matches."""

import re
from math import inf

import pytest
from hypothesis import given, strategies as st

from gatebook.guard.literals import BOUNDARY, LONGEST, Row, rows
from gatebook.guard.pack import Pack
from tests.signals import pack as signals

PATTERNS = [
    r"(?i)\b(?:ignor(?:e|ing)|forget)\b(?:(?:\W+\w+){0,3}\W+)(?:rules?|old\s+prompts?)\b",
    r"(?i)act\s+as(?:\s+an?)?\s*(?:-|agent|model)[s ]{1,3}now",
    r"(?:abc|[de]fg|hi[jkl]\.){2,3}x{3}[^\n]{0,20}end",
    r"(?-i:\xc3\x84|\xc3\xa4)tta\w*\s(?:\S+\s){0,2}(?:nu|strax)",
]


@pytest.mark.parametrize(
    ("pattern", "needs"),
    [
        ("secret", [{b"secret"}]),
        ("(?i)SECRETS?", [{b"secret"}]),
        (r"send|post", [{b"send"}, {b"post"}]),
        (r"to (?:send|post)\b", [{b"to send", b"to post"}]),
        (r"\b(?:cat|dog)\b", [{b"\bcat\b", b"\bdog\b"}]),
        (r"a\s+b\s*cdef", [{b"a bcdef", b"a b cdef"}]),
        (r"\W+ok\W+", [{b"\bok\b"}]),
        (r"rot(?:13|47)", [{b"rot13", b"rot47"}]),
        (r"(?P<value>ghp_[A-Za-z0-9]{36})", [{b"ghp_"}]),
        (r"(?:ab){2,}", [{b"abab"}]),
        (r"\xd0\xb8\xd0\xb3", [{b"\xd0\xb8\xd0\xb3"}]),
        ("x" * 40, [{b"x" * LONGEST}]),
    ],
)
def test_each_choice_of_a_pattern_needs_literals(pattern: str, needs: list[set[bytes]]) -> None:
    found = rows(pattern)
    assert found is not None
    assert [row.needs for row in found] == [(frozenset(each),) for each in needs]


@pytest.mark.parametrize(
    "pattern", [r"\d{4}", "secret|[a-z]+", r"\b(?:the|it)\b", "(?:secret)?", "ab"]
)
def test_what_tells_nothing_is_not_needed(pattern: str) -> None:
    assert rows(pattern) is None


def test_the_longest_literals_are_needed_first() -> None:
    row = only(r"send[^\n]{0,9}password[^\n]{0,9}to\b")
    assert row.needs == (frozenset((b"password",)), frozenset((b"send",)))


@pytest.mark.parametrize(
    ("pattern", "runs"),
    [
        ("secret", 1),
        (r"the secret", 3),
        (r"secret(?:\W+\w+){0,3}\W+word", 9),
        (r"\w+\s+secret", 3),
        (r"secret[^\n]{0,80}word", 82),
        (r"secret\S+word", inf),
        (r"secret\S+", 2),
        (r"secret(?:a b|c)+", 4),
    ],
)
def test_how_far_a_match_reaches(pattern: str, runs: float) -> None:
    assert only(pattern).runs == runs


@given(st.sampled_from(PATTERNS).flatmap(lambda each: st.tuples(st.just(each), matching(each))))
def test_it_stands_in_all_that_matches(found: tuple[str, bytes]) -> None:
    pattern, text = found
    assert any(
        all(any(stands(each, text) for each in need) for need in row.needs)
        for row in rows(pattern) or ()
    )


def test_nearly_all_patterns_of_signals_need_literals(pack: Pack) -> None:
    assert sum(rows(each.text) is None for each in signals().patterns) < 20
    assert sum(rows(each.herald) is None for each in pack.patterns) < 60


def only(pattern: str) -> Row:
    found = rows(pattern)
    assert found is not None
    (row,) = found
    return row


def matching(pattern: str) -> st.SearchStrategy[bytes]:
    return st.from_regex(pattern.encode())


def stands(literal: bytes, text: bytes) -> bool:
    parts = [re.escape(part) for part in literal.split(BOUNDARY)]
    flat = b" %b " % b" ".join(text.split())
    return re.search(rb"\b".join(parts), flat, re.IGNORECASE) is not None
