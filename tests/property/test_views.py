"""Every reading of any text leads back to it."""

from string import ascii_letters

from hypothesis import given, strategies as st

from gatebook.guard.normalize import normalized
from gatebook.guard.views import views

TRICKY = st.sampled_from(
    "aAe \u0430\u0435\u0301\u0323\u05b8\u3099\u304b\uff76\uff9e\u1100\u1161\u11a8\uac00\u3164\u200b"
    "\ufe0f\U0001d165\u0345\u00b4\u0390\u0418\u0306\u0958\ufb01\ufdfa\U000e0041%&;=\\x41u.-"
)
TEXTS = st.text(st.one_of(st.characters(), TRICKY), max_size=80)


@given(TEXTS)
def test_normalizing_again_changes_nothing(text: str) -> None:
    plain = normalized(text).text
    assert normalized(plain).text == plain


@given(TEXTS)
def test_ways_back_are_in_order_and_in_range(text: str) -> None:
    plain = normalized(text)
    last = (0, 0)
    for at in range(len(plain.text)):
        start, end = plain.source(at, at + 1)
        assert last[0] <= start < end <= len(text)
        assert last[1] <= end
        last = (start, end)


@given(TEXTS)
def test_every_view_leads_into_the_text(text: str) -> None:
    for view in views(text).views:
        start, end = view.source(0, len(view.text))
        assert 0 <= start <= end <= len(text)
        assert view.text != text


@given(st.text(ascii_letters + " .,:;!?()'\"-", max_size=200))
def test_plain_ascii_is_as_a_reader_takes_it(text: str) -> None:
    assert normalized(text).text == text
