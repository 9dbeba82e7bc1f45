"""The lists hold names and words that vendors publish, and nothing that could be somebody's own."""

import re

from gatebook.formats import vocabulary
from gatebook.formats.names import NAMES, WORD_MEMBERS, WORDS


def test_members_that_a_call_may_have_are_known() -> None:
    listed = [value for name, value in vars(vocabulary).items() if name.endswith("_MEMBERS")]
    assert len(listed) == 6
    assert set().union(*listed) - NAMES == set()
    assert set() == WORD_MEMBERS - NAMES


def test_names_and_words_are_short_and_plain() -> None:
    for word in NAMES | WORDS:
        assert re.fullmatch(r"[A-Za-z$][A-Za-z0-9_./+-]{0,59}", word), word
        assert sum(map(str.isdigit, word)) <= 3, word
