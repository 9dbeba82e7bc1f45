"""Threat 1: what is stolen with the database, or seen in a log, opens nothing."""

import logging

import pytest
from sqlalchemy import select

from gatebook.core.errors import GatebookError
from gatebook.core.secret import Secret
from gatebook.storage.tables import METADATA
from tests.office import Office

CREDENTIAL = "sk-canary-4711-0815"


def dump(office: Office) -> bytes:
    """Every value of every table, binary ones in the clear as they are stored."""
    parts = []
    with office.database.reading() as connection:
        for table in METADATA.sorted_tables:
            for row in connection.execute(select(table)):
                parts += [v if isinstance(v, bytes) else str(v).encode() for v in row]
    return b"\n".join(parts)


def test_no_secret_is_in_any_table(office: Office) -> None:
    secrets = [
        office.enroll(name="mailer", idempotency_key="a").shown_once,
        office.order("rotate_key", agent="mailer", idempotency_key="b").shown_once,
        Secret(CREDENTIAL),
    ]
    office.order(
        "add_provider", provider="openai", key=Secret(CREDENTIAL), idempotency_key="c", reason="x"
    )
    office.order("rekey_provider", provider="openai", key=Secret(CREDENTIAL))
    stolen = dump(office)
    for secret in secrets:
        assert secret is not None
        text = secret.reveal()
        assert text.encode() not in stolen
        assert text[-49:-6].encode() not in stolen  # the secret part of a key alone


def test_no_secret_is_in_what_is_logged_or_raised(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = office.enroll(name="mailer").shown_once
    assert token is not None
    office.order("add_provider", provider="openai", key=Secret(CREDENTIAL))
    with pytest.raises(GatebookError) as caught:
        office.order("add_provider", provider="openai", key=Secret(CREDENTIAL))
    seen = caplog.text + repr(caught.value) + repr(caught.traceback) + repr(office.directory)
    assert CREDENTIAL not in seen
    assert token.reveal() not in seen


def test_values_before_and_after_are_not_in_the_clear_anywhere(office: Office) -> None:
    """The reason of a change and the operator's name are only in sealed bodies."""
    office.enroll(name="mailer", reason="zebra crossing")
    stolen = dump(office)
    assert b"zebra crossing" not in stolen
    assert b"olga" not in stolen
