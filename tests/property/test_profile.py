"""The quick way through full verification lets nothing pass that the JSON profile forbids."""

import pytest
from hypothesis import given, strategies as st

from gatebook.core.errors import Invalid
from gatebook.core.json_profile import check, encode
from gatebook.ledger.entry import read
from gatebook.ledger.events.stream import StreamBeat
from gatebook.ledger.profile import Profile
from tests.simulators.log import HandLog

LEAF = HandLog().open().beat(7)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
counts = st.dictionaries(names, st.integers(-(2**63), 2**63))


def in_profile(value: object) -> bool:
    """What the profile itself says."""
    try:
        check(value)
    except Invalid:
        return False
    return True


@given(counts)
def test_an_event_that_fits_its_class_is_sound_just_when_it_is_in_the_profile(
    counts: dict[str, int],
) -> None:
    leaf = LEAF.replace(b'{"intents":7}', encode(counts))
    fault = Profile({StreamBeat.name: StreamBeat}).fault(leaf, read(leaf))
    assert (fault is None) == in_profile(counts)


@pytest.mark.parametrize(
    "spelling", [b"7e0", b"7.0", b"-0", b'"7"', b"null", b"[7]", b"true", b" 7"]
)
def test_a_number_has_one_spelling(spelling: bytes) -> None:
    leaf = LEAF.replace(b"7}", spelling + b"}")
    assert Profile({StreamBeat.name: StreamBeat}).fault(leaf, read(leaf)) is not None
