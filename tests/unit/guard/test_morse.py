"""Morse code is read, and punctuation is not."""

from gatebook.guard.effort import Effort
from gatebook.guard.morse import morse


def test_words_are_parted_by_strokes_or_spaces() -> None:
    for between in (" / ", "   ", "\n"):
        run = f".- -.-. -{between}-. --- .--".encode()
        assert [found.text for _, found in morse(run, Effort(1))] == ["act now"]


def test_dots_and_dashes_of_prose_are_no_letters() -> None:
    assert list(morse(b"Well ... - no. -- I said .-. and -. --- ---- ...", Effort(1))) == []
