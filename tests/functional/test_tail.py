"""The book as people follow it."""

from sqlalchemy import delete, update

from gatebook.app.tail import Tail
from gatebook.storage.database import Database
from gatebook.storage.tables import bodies, data_keys
from tests.office import ORIGIN, Office, open_office


def test_the_last_entries_come_by_time_from_all_logs(office: Office) -> None:
    office.enroll(name="mailer")
    office.clock.advance(1)
    office.order("create_organization", slug="umbrella")
    lines = Tail(office.database, None, None).last(3)
    assert [line.event for line in lines][-1] == "organization.created"
    assert len(lines) == 3
    assert [line.at for line in lines] == sorted(line.at for line in lines)


def test_one_log_can_be_followed(office: Office) -> None:
    office.enroll(name="mailer")
    lines = Tail(office.database, f"{ORIGIN}/platform", None).last(50)
    assert [line.event for line in lines] == ["stream.opened", "organization.created"]


def test_what_comes_later_comes_once(database: Database) -> None:
    with open_office(database) as office:
        office.enroll(name="mailer")
        tail = Tail(database, None, None)
        tail.last(1)
        assert tail.more() == []
        office.order("rotate_key", agent="mailer")
        assert [line.event for line in tail.more()] == ["key.rotated"]
        assert tail.more() == []
    with open_office(database) as office:
        office.order("revoke_key", agent="mailer")
        events = [line.event for line in tail.more()]
    assert "key.revoked" in events
    assert events.count("stream.closed") == 2
    assert [line.event for line in tail.more()] == ["stream.closed"]


def test_bodies_are_opened_only_for_who_has_the_key(office: Office) -> None:
    office.enroll(name="mailer", reason="new project")
    (closed,) = Tail(office.database, None, None).last(1)
    (opened,) = Tail(office.database, None, office.kek).last(1)
    assert closed.body is None
    assert isinstance(opened.body, dict)
    assert opened.body["reason"] == "new project"


def test_a_body_whose_key_was_destroyed_is_said_to_be_erased(office: Office) -> None:
    office.enroll(name="mailer")
    with office.database.writing() as connection:
        connection.execute(delete(data_keys))
    (line,) = Tail(office.database, None, office.kek).last(1)
    assert line.body == "erased: its data key was destroyed"
    assert line.event == "agent.enrolled"


def test_a_body_that_was_changed_is_said_to_be(office: Office) -> None:
    office.enroll(name="mailer")
    with office.database.writing() as connection:
        connection.execute(update(bodies).values(sealed=bytes(100)))
    (line,) = Tail(office.database, None, office.kek).last(1)
    assert str(line.body).startswith("tampered with")
