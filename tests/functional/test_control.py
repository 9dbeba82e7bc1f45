"""Administrative commands on real databases: a change and its event are one."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select

from gatebook.core.errors import Conflict, Invalid, NotFound, Tampered, Unavailable
from gatebook.core.secret import Secret
from gatebook.identity.directory import Agent, Provider, credential_cell
from gatebook.identity.identify import KeyRejected, Principal, identify
from gatebook.ledger.body import body_cell, open_body
from gatebook.ledger.entry import read
from gatebook.ledger.events import Commitment
from gatebook.storage.database import Database
from gatebook.storage.tables import bodies, entries, streams
from tests.books import read_book
from tests.office import ORIGIN, Office, open_office
from tests.simulators.stores import Fault

DAY_SECONDS = 24 * 3600


def changes(database: Database) -> list[dict[str, Any]]:
    """The headers of all entries but those about streams, in the order of their streams."""
    kept = [entry for stream in read_book(database).values() for entry in stream]
    return [entry.header for entry in kept if not entry.event.startswith("stream.")]


def names(database: Database) -> list[str]:
    return [header["ev"] for header in changes(database)]


def body_of(office: Office, header: dict[str, Any]) -> dict[str, Any]:
    """What an entry commits to, opened and held against the commitment."""
    with office.database.reading() as connection:
        found = select(bodies).join(streams, streams.c.no == bodies.c.stream_no)
        found = found.where(streams.c.sid == header["sid"], bodies.c.sq == header["sq"])
        row = connection.execute(found).one()
    key = office.data_keys[row.data_key]
    commitment = msgspec.convert(header["d"]["body"], Commitment)
    cell = body_cell(row.stream_no, row.sq)
    plain = open_body(bytes(row.sealed), key, cell, commitment)
    return msgspec.json.decode(plain, type=dict[str, Any])


def who(office: Office, token: Secret | None) -> Principal:
    """Whom a gateway with the newest snapshot sees behind a key."""
    assert token is not None
    return identify(office.directory, office.peppers, token.reveal(), office.clock.now_us())


def rejection(office: Office, token: Secret | None) -> tuple[str, str]:
    with pytest.raises(KeyRejected) as caught:
        who(office, token)
    return caught.value.code, caught.value.cause


def test_a_fresh_installation_enrolls_with_one_order_and_tells_every_step(office: Office) -> None:
    answer = office.enroll()
    assert [step.command for step in answer.steps] == [
        "create_organization",
        "create_workspace",
        "register_person",
    ]
    assert sorted(names(office.database)) == [
        "agent.enrolled",
        "organization.created",
        "person.registered",
        "workspace.created",
    ]
    with office.database.reading() as connection:
        logs = connection.execute(select(streams.c.log).order_by(streams.c.no)).scalars().all()
    assert list(logs) == [f"{ORIGIN}/platform", f"{ORIGIN}/default"]


def test_the_second_agent_of_an_owner_needs_no_further_step(office: Office) -> None:
    office.enroll()
    assert office.enroll().steps == ()


def test_the_key_that_is_shown_identifies_agent_owner_workspace_organization(
    office: Office,
) -> None:
    principal = who(office, office.enroll(name="mailer").shown_once)
    assert principal.agent.name == "mailer"
    assert principal.owner.email == "alice@example.com"
    assert (principal.workspace.slug, principal.organization.slug) == ("default", "default")


def test_an_entry_names_the_operator_by_a_pseudonym_and_no_person(office: Office) -> None:
    office.enroll(name="mailer")
    for header in changes(office.database):
        assert header["d"]["actor"]["kind"] == "local_operator"
        assert header["d"]["actor"]["id"].startswith("op_")
        leaf = msgspec.json.encode(header)
        assert not any(word in leaf for word in (b"olga", b"alice", b"mail", b"gpt"))


def test_the_body_holds_actor_reason_and_values_before_and_after(office: Office) -> None:
    key_id = office.enroll(name="mailer").values["key_id"]
    office.order("revoke_key", agent="mailer", cause="leaked", reason="seen in a gist")
    (revoked,) = [header for header in changes(office.database) if header["ev"] == "key.revoked"]
    body = body_of(office, revoked)
    assert body["by"] == {"host": "gw-1", "uid": 1000, "user": "olga"}
    assert (body["command"], body["reason"]) == ("revoke_key", "seen in a gist")
    before = {row["id"]: row for row in body["before"]}
    after = {row["id"]: row for row in body["after"]}
    assert (before[key_id]["status"], after[key_id]["status"]) == ("active", "revoked")
    agent_id = revoked["d"]["object"]
    assert (before[agent_id]["epoch"], after[agent_id]["epoch"]) == (0, 1)
    assert "mac" not in before[key_id]


def test_a_body_does_not_open_in_the_place_of_another(office: Office) -> None:
    office.enroll()
    first, second = changes(office.database)[-2:]
    with pytest.raises(Tampered):
        body_of(office, {**first, "sq": second["sq"], "sid": second["sid"]})


def test_a_rotated_key_works_until_its_grace_has_passed(office: Office) -> None:
    old = office.enroll(name="mailer").shown_once
    new = office.order("rotate_key", agent="mailer", grace_seconds=3600).shown_once
    assert who(office, old).agent == who(office, new).agent
    office.clock.advance(3600)
    assert rejection(office, old) == ("key_expired", "superseded")
    assert who(office, new).agent.name == "mailer"


def test_rotating_again_does_not_prolong_the_grace_of_an_older_key(office: Office) -> None:
    first = office.enroll(name="mailer").shown_once
    office.order("rotate_key", agent="mailer", grace_seconds=60)
    office.order("rotate_key", agent="mailer", grace_seconds=3600)
    office.clock.advance(60)
    assert rejection(office, first) == ("key_expired", "superseded")


def test_a_key_ends_with_its_life(office: Office) -> None:
    token = office.enroll(key_life_seconds=DAY_SECONDS).shown_once
    office.clock.advance(DAY_SECONDS)
    assert rejection(office, token) == ("key_expired", "expired")


def test_a_key_lives_no_longer_than_the_installation_allows(office: Office) -> None:
    with pytest.raises(Invalid):
        office.enroll(key_life_seconds=91 * DAY_SECONDS)


def test_a_revoked_key_ends_at_once_and_the_agent_may_get_another(office: Office) -> None:
    old = office.enroll(name="mailer").shown_once
    office.order("revoke_key", agent="mailer")
    assert rejection(office, old) == ("invalid_api_key", "revoked")
    new = office.order("rotate_key", agent="mailer").shown_once
    assert who(office, new).agent.name == "mailer"
    assert rejection(office, old) == ("invalid_api_key", "revoked")


def test_revoking_one_key_leaves_the_other(office: Office) -> None:
    first = office.enroll(name="mailer")
    second = office.order("rotate_key", agent="mailer")
    office.order("revoke_key", agent="mailer", key=first.values["key_id"])
    assert rejection(office, first.shown_once) == ("invalid_api_key", "revoked")
    assert who(office, second.shown_once).agent.name == "mailer"


def test_there_is_nothing_to_revoke_twice(office: Office) -> None:
    office.enroll(name="mailer")
    office.order("revoke_key", agent="mailer")
    with pytest.raises(Conflict):
        office.order("revoke_key", agent="mailer")


def test_every_change_raises_the_revision(office: Office) -> None:
    office.enroll(name="mailer")
    before = office.directory.revision
    office.order("rotate_key", agent="mailer")
    assert office.directory.revision == before + 1


def test_an_order_given_twice_is_carried_out_once_and_its_key_not_shown_again(
    office: Office,
) -> None:
    first = office.enroll(idempotency_key="job-17")
    again = office.enroll(idempotency_key="job-17")
    assert (again.values, again.reference) == (first.values, first.reference)
    assert again.repeated
    assert again.shown_once is None
    assert len(office.directory.agents) == 1
    assert names(office.database).count("agent.enrolled") == 1


def test_an_idempotency_key_serves_one_order_only(office: Office) -> None:
    office.enroll(idempotency_key="job-17")
    with pytest.raises(Conflict) as caught:
        office.enroll(idempotency_key="job-17", purpose="something else")
    assert caught.value.code == "idempotency_key_reused"


def test_an_answer_refers_to_the_entry_that_says_so(office: Office) -> None:
    answer = office.enroll()
    (entry,) = [h for h in changes(office.database) if h["ev"] == "agent.enrolled"]
    assert answer.reference == f"{entry['sid']}.{entry['sq']}"


@pytest.mark.parametrize("fault", [Fault.BEGIN, Fault.APPEND, Fault.APPEND_LATE, Fault.COMMIT])
def test_without_its_event_no_change_is_committed(office: Office, fault: Fault) -> None:
    office.enroll(name="mailer")
    before, told = office.directory, names(office.database)
    office.store.faults.append(fault)
    with pytest.raises(Unavailable):
        office.order("revoke_key", agent="mailer")
    assert office.directory == before
    assert names(office.database) == told
    assert office.order("revoke_key", agent="mailer").values["agent"] == "mailer"


def test_a_commit_that_failed_but_was_written_is_answered_as_done(office: Office) -> None:
    office.enroll(name="mailer")
    office.store.faults.append(Fault.COMMIT_WRITTEN)
    office.order("revoke_key", agent="mailer")
    assert names(office.database).count("key.revoked") == 1


def test_without_its_change_no_event_is_committed(office: Office) -> None:
    office.enroll(name="mailer")
    told = names(office.database)
    with pytest.raises(Conflict):
        office.enroll(name="mailer")
    assert names(office.database) == told


def test_a_change_the_database_refuses_leaves_no_event(office: Office) -> None:
    """As if an administrator's process raced another one past the checks."""
    office.enroll(name="mailer")
    told = names(office.database)
    (agent,) = office.directory.agents.values()

    def work(records: Any, position: Any) -> Any:
        del position
        records.save(msgspec.structs.replace(agent, id="agt_other"))

    with pytest.raises(Unavailable):
        office.control.book.append(f"{ORIGIN}/default", work)
    assert names(office.database) == told
    assert list(office.directory.agents) == [agent.id]


def test_a_provider_keeps_its_credential_sealed_for_its_own_row(office: Office) -> None:
    office.order("add_provider", provider="openai", key=Secret("sk-canary"))
    (provider,) = office.directory.providers.values()
    assert provider.credential is not None
    key = office.data_keys[str(provider.data_key)]
    assert key.unseal(provider.credential, credential_cell(provider.id)) == b"sk-canary"
    with pytest.raises(Tampered):
        key.unseal(provider.credential, credential_cell("prv_another"))


def test_a_rekeyed_provider_has_the_new_credential(office: Office) -> None:
    office.order("add_provider", provider="openai", key=Secret("sk-old"))
    office.order("rekey_provider", provider="openai", key=Secret("sk-new"))
    (provider,) = office.directory.providers.values()
    assert provider.credential is not None
    key = office.data_keys[str(provider.data_key)]
    assert key.unseal(provider.credential, credential_cell(provider.id)) == b"sk-new"
    (rekeyed,) = [h for h in changes(office.database) if h["ev"] == "provider.rekeyed"]
    assert "credential" not in body_of(office, rekeyed)["after"][0]


def test_a_removed_provider_is_gone_with_its_credential_but_not_from_the_book(
    office: Office,
) -> None:
    office.order("add_provider", provider="openai", key=Secret("sk-old"))
    office.order("remove_provider", provider="openai")
    assert office.directory.providers == {}
    (removed,) = [h for h in changes(office.database) if h["ev"] == "provider.removed"]
    body = body_of(office, removed)
    assert (body["before"][0]["name"], body["after"]) == ("openai", [])
    assert office.order("add_provider", provider="openai", key=None).values["provider"] == "openai"


def test_what_one_organization_has_another_cannot_name(office: Office) -> None:
    for slug in ("acme", "umbrella"):
        office.order("create_organization", slug=slug)
        office.order("create_workspace", organization=slug, slug="main")
    agent = office.enroll(organization="acme", name="mailer").values["id"]
    for name in ("mailer", agent):
        with pytest.raises(NotFound):
            office.order("rotate_key", organization="umbrella", agent=name)
        with pytest.raises(NotFound):
            office.order("revoke_key", organization="umbrella", agent=name)


def test_with_several_organizations_one_has_to_be_named(office: Office) -> None:
    office.order("create_organization", slug="acme")
    office.order("create_organization", slug="umbrella")
    with pytest.raises(Invalid) as caught:
        office.enroll()
    assert caught.value.code == "organization_unclear"


def test_a_gap_is_declared_in_the_log_that_lost_the_entries(office: Office) -> None:
    office.order("create_organization", slug="acme")
    for name in ("mailer", "miner", "minder"):
        office.enroll(name=name)
    with office.database.writing() as connection:
        of_acme = select(streams.c.no, streams.c.sid).where(streams.c.log == f"{ORIGIN}/acme")
        number, sid = connection.execute(of_acme).one()
        for table in (bodies, entries):
            connection.execute(delete(table).where(table.c.stream_no == number, table.c.sq == 2))
    lost: dict[str, Any] = {"sid": sid, "log": "acme", "cause": "restore"}
    for first, last, code in ((2, 900, "gap_beyond_end"), (1, 2, "gap_not_lost")):
        with pytest.raises(Invalid) as caught:
            office.order("declare_gap", **lost, first=first, last=last)
        assert caught.value.code == code
    with pytest.raises(NotFound):
        office.order("declare_gap", **{**lost, "sid": "s9f2Kq81LmZ0ab"}, first=2, last=2)
    office.order("declare_gap", **lost, first=2, last=2, reason="backup of Tuesday")
    with office.database.reading() as connection:
        kept = [read(bytes(leaf)) for leaf in connection.scalars(select(entries.c.leaf))]
    (gap,) = [msgspec.json.decode(entry.d) for entry in kept if entry.ev == "gap.declared"]
    assert (gap["sid"], gap["first"], gap["last"]) == (sid, 2, 2)


def test_of_a_lost_stream_as_much_can_be_declared_as_its_successor_names(
    database: Database,
) -> None:
    with open_office(database) as first:
        first.order("create_organization", slug="acme")
        first.enroll(name="mailer")
    with open_office(database) as second:
        second.enroll(name="miner")
        with database.writing() as connection:
            of_acme = select(streams.c.no, streams.c.sid).where(streams.c.log == f"{ORIGIN}/acme")
            number, sid = connection.execute(of_acme.order_by(streams.c.no)).all()[0]
            numbers = select(entries.c.sq).where(entries.c.stream_no == number)
            last = max(connection.scalars(numbers))
            for table in (bodies, entries):
                connection.execute(delete(table).where(table.c.stream_no == number))
        lost: dict[str, Any] = {"sid": sid, "log": "acme", "first": 0, "cause": "restore"}
        second.order("declare_gap", **lost, last=last)


def test_two_administrators_at_once_wait_for_each_other(database: Database) -> None:
    """Each sees what the other committed: the second rotation supersedes the first one's key."""
    with open_office(database) as first, open_office(database) as second:
        first.enroll(name="mailer")
        one = first.order("rotate_key", agent="mailer")
        two = second.order("rotate_key", agent="mailer")
        older = first.directory.keys[one.values["key_id"]]
        assert older.superseded_by == two.values["key_id"]


def test_a_snapshot_holds_what_was_stored(office: Office) -> None:
    office.enroll(name="mailer", model=["gpt-*", "o3"])
    office.order("add_provider", provider="local", key=None, base_url="http://127.0.0.1:11434/v1")
    (agent,) = office.directory.agents.values()
    (provider,) = office.directory.providers.values()
    assert isinstance(agent, Agent)
    assert isinstance(provider, Provider)
    assert agent.scope.models == ("gpt-*", "o3")
    found = (provider.models, provider.credential, provider.base_url)
    assert found == (("*",), None, "http://127.0.0.1:11434/v1")


def test_entries_of_changes_are_bound_to_their_bodies(office: Office) -> None:
    office.enroll()
    with office.database.reading() as connection:
        kept = connection.execute(select(bodies)).all()
        leaves = connection.execute(select(entries)).all()
    assert len(kept) == len(changes(office.database))
    assert {(row.stream_no, row.sq) for row in kept} < {(r.stream_no, r.sq) for r in leaves}


def test_orders_given_at_the_same_moment_are_carried_out_one_after_the_other(
    database: Database,
) -> None:
    """Eight administrators want one name: one gets it, the others are told why not."""
    with open_office(database) as office:
        office.enroll(name="first")
    barrier = Barrier(8)

    def enroll(_: int) -> str:
        with open_office(database) as office:
            barrier.wait()
            try:
                return office.enroll(name="mailer").reference
            except Conflict as error:
                return error.code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(enroll, range(8)))
    assert answers.count("agent_exists") == 7
    assert names(database).count("agent.enrolled") == 2
