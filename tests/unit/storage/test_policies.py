"""The texts of policies are kept once, and for good."""

from gatebook.storage.database import Database
from gatebook.storage.policies import keep_policies, policy_text


def test_a_text_is_found_under_its_digest(database: Database) -> None:
    with database.writing() as connection:
        keep_policies(connection, {"one": b'{"a":1}', "two": b'{"b":2}'})
    with database.reading() as connection:
        assert policy_text(connection, "one") == b'{"a":1}'
        assert policy_text(connection, "two") == b'{"b":2}'
        assert policy_text(connection, "three") is None


def test_what_is_kept_is_not_replaced(database: Database) -> None:
    for text in (b"first", b"second"):
        with database.writing() as connection:
            keep_policies(connection, {"one": text})
    with database.reading() as connection:
        assert policy_text(connection, "one") == b"first"
