"""Both engines read every pattern, and alike; what is compiled can be kept."""

from itertools import chain

import pytest
from hypothesis import given, settings, strategies as st

from gatebook.core.errors import Misconfigured
from gatebook.guard.engine import Engine
from gatebook.guard.literals import BOUNDARY, rows
from gatebook.guard.pack import Pack, whole
from tests import signals

LITERALS = sorted(
    {
        literal.strip(BOUNDARY)
        for each in signals.pack().patterns
        for row in rows(each.text) or ()
        for literal in chain.from_iterable(row.needs)
    }
)
BETWEEN = (
    b" ",
    b"  ",
    b"\n",
    b", ",
    b"",
    b": ",
    b" the ",
    b' "',
    b" lorem ipsum dolor sit amet " * 5,
)


def test_both_engines_agree_on_every_case_of_every_detector(pack: Pack) -> None:
    """For the patterns themselves; those that words herald are next."""
    bare = [number for number, each in enumerate(pack.patterns) if each.herald == each.text]
    engine = Engine([pack.patterns[number].text for number in bare])
    different = []
    for text in _cases(pack):
        fired = set(engine.fired(text))
        placed = {place for place in range(len(bare)) if any(engine.matches(place, text))}
        different += [(pack.patterns[bare[at]].rule, text) for at in fired ^ placed]
    assert different == []


def test_what_is_heralded_by_words_is_heard_of_in_each_of_its_hits(
    pack: Pack, engine: Engine
) -> None:
    unheard = [
        (name, case)
        for name, rule in pack.detectors.items()
        for case in rule.hits
        if name not in {pack.patterns[each].rule for each in engine.fired(whole(case).encode())}
    ]
    assert unheard == []


def test_a_signal_fires_wherever_its_patterns_match_alone() -> None:
    filler = b"lorem -- ipsum\n\n" * 20
    texts = [
        filler + case.upper().encode() + filler
        for _, rule in signals.pack().signals.values()
        for case in rule.hits
    ]
    assert [text for text in texts if not _is_alike(text)] == []


@given(st.lists(st.tuples(st.sampled_from(LITERALS), st.sampled_from(BETWEEN)), max_size=40))
@settings(max_examples=50, deadline=None)
def test_a_signal_fires_as_alone_whatever_stands_together(parts: list[tuple[bytes, bytes]]) -> None:
    assert _is_alike(b"".join(chain.from_iterable(parts)))


def test_the_group_value_narrows_what_is_found() -> None:
    engine = Engine([r"key=(?P<value>[a-z]+)", r"key=[a-z]+"])
    assert list(engine.matches(0, b"a key=abc")) == [(6, 9)]
    assert list(engine.matches(1, b"a key=abc")) == [(2, 9)]


def test_a_dump_is_taken_up_again_and_another_machines_is_not() -> None:
    patterns = ["abc", "x+y"]
    dump = Engine(patterns).dump()
    assert Engine(patterns, dump).fired(b"xxy") == [1]
    assert Engine(patterns, b"not a database").fired(b"abc") == [0]


def test_a_pattern_that_hyperscan_refuses_is_named_as_such() -> None:
    with pytest.raises(Misconfigured, match="cannot be used"):
        Engine(["(unclosed"])


def test_a_pattern_that_re2_refuses_is_named_as_such() -> None:
    engine = Engine(["a{2000}"], heralds=["a"])
    with pytest.raises(Misconfigured, match="cannot be used"):
        list(engine.matches(0, b"aaa"))


def _is_alike(text: bytes) -> bool:
    """Whether those signals fire that RE2 finds alone."""
    engine = signals.engine()
    located = [at for at in range(len(signals.pack().patterns)) if any(engine.matches(at, text))]
    return sorted(engine.fired(text)) == located


def _cases(pack: Pack) -> list[bytes]:
    return [
        whole(case).encode()
        for rule in pack.detectors.values()
        for case in (*rule.hits, *rule.misses)
    ]
