"""What nobody looked at is reported so."""

from gatebook.guard.inspect import inspect


def test_without_detectors_a_text_is_not_inspected_and_it_says_so() -> None:
    assert inspect(b"my secret").inspected_by == ()
