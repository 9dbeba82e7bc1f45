"""What people write in signals becomes what both engines read."""

import pytest
import re2

from gatebook.core.errors import Misconfigured
from gatebook.guard.engine import Engine
from gatebook.guard.spelling import spelled

WORDS = {"drop": ("ignore", "forget"), "all": ("all", "every {drop}"), "loop": ("{loop}",)}


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [
        ("{drop} rules", "please FORGET\n rules"),
        ("{all}", "every ignore"),
        ("base ?64", "base64"),
        ("base ?64", "base 64"),
        ("забудь", "Забудь"),
        ("забудь", "ЗАБУДЬ"),
        ("olvída", "olvida"),
        ("olvída", "OLVÍDA"),
        ("忽略", "请忽略"),
        (r"a{2}[ {]b", "aa{b"),
        (r"\xe2\x80\x8b", "x\u200by"),
    ],
)
def test_both_engines_find_what_is_meant(pattern: str, hit: str) -> None:
    text = spelled(pattern, WORDS)
    assert Engine([text]).fired(hit.encode()) == [0]
    assert list(Engine([text]).matches(0, hit.encode()))


@pytest.mark.parametrize(
    ("pattern", "miss"),
    [("{drop} rules", "forgetrules"), ("забудь", "забыть"), ("olvída", "olvada"), ("ã", "ç")],
)
def test_nothing_else_is_found(pattern: str, miss: str) -> None:
    assert Engine([spelled(pattern, WORDS)]).fired(miss.encode()) == []


def test_case_does_not_change_bytes_beyond_ascii() -> None:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    assert not re2.compile(spelled("а", {}).encode(), options).search(b"\xf0\xb0")


@pytest.mark.parametrize("pattern", ["{nothing}", "{loop}"])
def test_words_that_do_not_exist_or_never_end_are_refused(pattern: str) -> None:
    with pytest.raises(Misconfigured):
        spelled(pattern, WORDS)
