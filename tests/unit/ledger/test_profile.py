"""Whether entries are written exactly as their format and their event say."""

import pytest

from gatebook.ledger.entry import read
from gatebook.ledger.events.stream import StreamBeat, StreamOpened
from gatebook.ledger.profile import Profile
from tests.simulators.log import HandLog

SCHEMAS = {kind.name: kind for kind in (StreamBeat, StreamOpened)}


def leaf() -> bytes:
    """A heartbeat as it is written."""
    return HandLog().open().beat(7)


def fault(stored: bytes) -> str | None:
    """What is found wrong with a leaf."""
    return Profile(SCHEMAS).fault(stored, read(stored))


def test_an_entry_as_we_write_it_is_sound() -> None:
    assert fault(leaf()) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"d":', b'{ "d":'),
        (b'"sq":1,', b'"sq":1,"sq":1,'),
        (b'"intents":7', b'"intents":7,"intents":7'),
        (b'"intents":7', b'"intents":9007199254740993'),
        (b'"intents":7', b'"intents":7e0'),
        (b'"intents":7', '"ïntents":7'.encode()),
        (b'"ev":"stream.beaten"', b'"ev":"stream.b\\u0065aten"'),
        (b'"ts":', b'"to":"nobody","ts":'),
    ],
)
def test_other_spellings_of_the_same_or_of_more_are_not_in_the_profile(
    old: bytes, new: bytes
) -> None:
    changed = leaf().replace(old, new)
    assert changed != leaf()
    assert fault(changed) == "its JSON is not in the profile"


@pytest.mark.parametrize("time", [b"2026-11-19T25:00:00.000000Z", b"2026-11-19T12:00:00Z", b"noon"])
def test_a_time_is_a_time(time: bytes) -> None:
    stored = leaf().replace(b"2026-11-19T12:00:00.000000Z", time)
    assert fault(stored) == "its time is not a time"


def test_an_event_has_the_fields_of_its_kind() -> None:
    stored = leaf().replace(b'"counts":{"intents":7}', b'"counts":{"intents":"7"}')
    assert "its event is not a stream.beaten" in str(fault(stored))


def test_kinds_and_fields_of_later_versions_are_counted_and_no_fault() -> None:
    profile = Profile(SCHEMAS)
    later = leaf().replace(b"stream.beaten", b"stream.sung")
    more = leaf().replace(b'"counts":{"intents":7}', b'"counts":{"intents":7},"mood":"good"')
    for stored in (later, more, more):
        assert profile.fault(stored, read(stored)) is None
    assert profile.unknown_kinds == {"stream.sung": 1}
    assert profile.unknown_fields == {"stream.beaten": 2}


@pytest.mark.parametrize("ev", [b"stream.sung", b"stream.beaten"])
def test_an_entry_outside_the_profile_is_not_counted_as_of_a_later_version(ev: bytes) -> None:
    profile = Profile(SCHEMAS)
    spaced = leaf().replace(b'"intents":7}', b'"intents":7},"mood": "good"')
    stored = spaced.replace(b"stream.beaten", ev)
    assert profile.fault(stored, read(stored)) == "its JSON is not in the profile"
    assert (profile.unknown_kinds, profile.unknown_fields) == ({}, {})
