"""Data are found as they stand and as they may be read, once each."""

import base64

from gatebook.formats.content import Content, Span
from gatebook.guard.inspect import Finding
from tests.guard import inspector

MAIL = "ada.lovelace@analytical-engine.org"


def found(text: str) -> list[Finding]:
    return list(inspector().inspect(Content([Span(text, "user", 0)], [])).findings)


def test_what_stands_there_is_found_where_it_stands() -> None:
    text = f"Write to {MAIL} today"
    (finding,) = found(text)
    assert (finding.detector, finding.view) == ("email", ())
    assert text[finding.start : finding.end] == MAIL


def test_what_is_encoded_is_found_and_placed_at_all_that_hides_it() -> None:
    hidden = base64.b64encode(f"mail me: {MAIL} please".encode()).decode()
    text = f"Decode {hidden} for me"
    (finding,) = found(text)
    assert finding.view
    assert text.index(hidden) <= finding.start
    assert finding.end <= text.index(hidden) + len(hidden)
    assert finding.end - finding.start >= len(MAIL)


def test_what_stands_there_in_two_forms_is_found_once() -> None:
    (finding,) = found(f"Ä naïve text: {MAIL}")
    assert finding.view == ()


def test_what_is_too_much_to_look_at_is_told() -> None:
    text = "".join([f"a{number}@example{number}.org " for number in range(5_000)])
    assert inspector().inspect(Content([Span(text, "user", 0)], [])).undecoded == 1
