"""A header that names a trace is taken at its word or not at all (W3C Trace Context, 3.2)."""

import pytest

from gatebook.gateway.traceparent import Parent, parse, word

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = Parent(int(TRACE, 16), int(SPAN, 16), is_sampled=True)


def test_what_is_written_is_what_is_read() -> None:
    for parent in (PARENT, PARENT._replace(is_sampled=False), Parent(1, 1, is_sampled=True)):
        assert parse(word(parent).encode()) == parent
    assert word(PARENT) == f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("flags", "is_sampled"), [("00", False), ("01", True), ("03", True), ("fe", False)]
)
def test_only_the_last_bit_says_whether_it_is_recorded(flags: str, *, is_sampled: bool) -> None:
    assert parse(f"00-{TRACE}-{SPAN}-{flags}".encode()) == PARENT._replace(is_sampled=is_sampled)


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert parse(f"01-{TRACE}-{SPAN}-01-what-comes".encode()) == PARENT
    assert parse(f"cc-{TRACE}-{SPAN}-01".encode()) == PARENT


@pytest.mark.parametrize(
    "value",
    [
        "",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01-x",
        f"01-{TRACE}-{SPAN}-01x",
        f"ff-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}0-01",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00_{TRACE}_{SPAN}_01",
    ],
)
def test_anything_else_names_nobody(value: str) -> None:
    assert parse(value.encode()) is None
