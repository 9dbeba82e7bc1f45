"""The keys of agents, as they are issued."""

import pytest

from gatebook.control.issue import issue_key
from gatebook.core.clock import SECOND_US
from gatebook.core.errors import Invalid
from gatebook.identity.keys import parse
from tests.decisions import DAY_US, MAILER, PEPPERS, context_of
from tests.simulators.clock import NOON_US
from tests.simulators.records import MemoryRecords

CONTEXT = context_of(MemoryRecords())


def test_a_key_lives_as_long_as_the_settings_say_unless_less_is_asked_for() -> None:
    assert issue_key(CONTEXT, MAILER, None).key.expires_at == NOON_US + 90 * DAY_US
    assert issue_key(CONTEXT, MAILER, 60).key.expires_at == NOON_US + 60 * SECOND_US


def test_no_key_outlives_the_limit() -> None:
    with pytest.raises(Invalid, match="90 days"):
        issue_key(CONTEXT, MAILER, 90 * 86_400 + 1)


def test_what_is_stored_proves_the_key_and_does_not_hold_it() -> None:
    issued = issue_key(CONTEXT, MAILER, None)
    parts = parse(issued.token.reveal())
    assert parts is not None
    assert PEPPERS.prove(parts, issued.key.mac, issued.key.pepper_version)
    assert parts.secret not in repr(issued)
