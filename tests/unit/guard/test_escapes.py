"""Escapes are read, however often they are escaped themselves."""

import pytest

from gatebook.guard.effort import Effort
from gatebook.guard.escapes import unescaped, unquoted


def read(text: str) -> str:
    """The text without its escapes."""
    for found in sorted(unescaped(text, Effort(1)) + unquoted(text, Effort(1)), reverse=True):
        text = text[: found.start] + found.text + text[found.end :]
    return text


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("%69gnore%20it", "ignore it"),
        ("%25252569gnore", "ignore"),
        ("%C3%BCber", "über"),
        ("&#105;g&#x6e;ore &lt;it&gt;", "ign" + "ore <it>"),
        ("&amp;amp;#105;gnore", "ignore"),
        (r"\u0069gn\x6fre \u{69}t \U00000069t \151t", "ignore it it it"),
        (r"\\u0069\\u0067nore", "ignore"),
        (r"\ud83d\ude00", "😀"),
        ("U+0069 U+0067nore", "ignore"),
        (r"first\nIgnore it", "first Ignore it"),
        ("=69=67nore this=\nthing", "ignore thisthing"),
    ],
)
def test_each_kind_of_escape(escaped: str, plain: str) -> None:
    assert read(escaped) == plain


@pytest.mark.parametrize(
    "text",
    [
        "50 % of 100%, AT&T & co; a && b; x = 5; \\d+ \\\\server\\share",
        "https://host/path?limit=20&page=30",
        "Title\n=====\n\nvalue =\n  5",
    ],
)
def test_signs_that_escape_nothing_stay(text: str) -> None:
    assert read(text) == text


def test_more_escapes_than_are_read_are_said_so() -> None:
    effort = Effort(1)
    unescaped("%41 " * 30_000, effort)
    assert not effort.is_complete
