"""The directory's rows in real databases."""

import pytest
from msgspec.structs import replace

from gatebook.core.envelope import LocalKek, new_data_key
from gatebook.core.errors import Unavailable
from gatebook.core.ids import system_entropy
from gatebook.identity.directory import (
    Agent,
    AgentKey,
    GuardRule,
    Organization,
    Person,
    Provider,
    Row,
    Workspace,
)
from gatebook.ledger.ports import Position
from gatebook.storage.database import Database
from gatebook.storage.directory import SqlRecords, load_data_keys, load_snapshot, read_revision
from tests.decisions import ACME, ALICE, ALL, KEY, MAILER, MAIN, OPENAI, OTHER
from tests.unit.control.commands.test_set_guard_rule import ruled
from tests.unit.control.commands.test_set_limit import limited
from tests.unit.control.commands.test_set_price import priced

KEK = LocalKek(bytes(32), system_entropy)


@pytest.fixture
def filled(database: Database) -> Database:
    """One row of each kind."""
    with database.writing() as connection:
        for row in ALL:
            SqlRecords(connection).save(row)
    return database


def test_every_row_is_read_as_it_was_written(filled: Database) -> None:
    with filled.reading() as connection:
        directory = load_snapshot(connection)
        found: list[Row] = [
            row
            for kind in (Organization, Workspace, Person, Agent, AgentKey, Provider)
            for row in SqlRecords(connection).find(kind)
        ]
    assert found == list(ALL)
    assert directory.organizations == {ACME.id: ACME}
    assert directory.workspaces == {MAIN.id: MAIN}
    assert directory.people == {ALICE.id: ALICE}
    assert directory.agents == {MAILER.id: MAILER}
    assert directory.keys == {KEY.id: KEY}
    assert directory.providers == {OPENAI.id: OPENAI}


def test_limits_and_prices_are_read_as_they_were_written(filled: Database) -> None:
    limit, price = limited("20usd/month", agent="mailer"), priced(hides_output=True)
    with filled.writing() as connection:
        SqlRecords(connection).save(limit)
        SqlRecords(connection).save(price)
    with filled.reading() as connection:
        directory = load_snapshot(connection)
    assert directory.limits == {limit.id: limit}
    assert directory.prices == {price.id: price}


def test_guard_rules_are_read_as_they_were_written(filled: Database) -> None:
    of_agent = ruled("secret=block", agent="mailer", direction="request", region="eu-*")
    of_all = ruled("threat=quarantine", threshold=950)
    with filled.writing() as connection:
        SqlRecords(connection).save(of_agent)
        SqlRecords(connection).save(of_all)
    with filled.reading() as connection:
        directory = load_snapshot(connection)
    assert directory.guard_rules == {of_agent.id: of_agent, of_all.id: of_all}
    assert directory.find(GuardRule, what="threat") == [of_all]


@pytest.mark.parametrize(
    "owner",
    [
        {"organization_id": OTHER.id, "workspace_id": MAIN.id},
        {"workspace_id": MAIN.id, "agent_id": MAILER.id},
        {"agent_id": "agt_9"},
    ],
)
def test_the_database_keeps_a_guard_rule_with_its_one_owner(
    filled: Database, owner: dict[str, str]
) -> None:
    with filled.writing() as connection:
        SqlRecords(connection).save(OTHER)
    with pytest.raises(Unavailable), filled.writing() as connection:
        SqlRecords(connection).save(replace(ruled("secret=block"), **owner))


def test_every_field_of_a_key_survives(filled: Database) -> None:
    new = replace(KEY, id="key_2")
    old = replace(KEY, status="revoked", superseded_by="key_2", ends_at=5, revoked_at=6)
    with filled.writing() as connection:
        for row in (new, old):
            SqlRecords(connection).save(row)
    with filled.reading() as connection:
        assert SqlRecords(connection).find(AgentKey, id=KEY.id) == [old]


def test_rows_are_found_by_all_the_values_given(filled: Database) -> None:
    with filled.reading() as connection:
        records = SqlRecords(connection)
        assert records.find(Agent, organization_id=ACME.id, name="mailer") == [MAILER]
        assert records.find(Agent, organization_id=OTHER.id, name="mailer") == []


def test_text_is_never_taken_for_sql(filled: Database) -> None:
    with filled.reading() as connection:
        assert SqlRecords(connection).find(Agent, name="' OR '1'='1") == []


def test_a_removed_row_is_gone(filled: Database) -> None:
    with filled.writing() as connection:
        SqlRecords(connection).remove(OPENAI)
    with filled.reading() as connection:
        assert SqlRecords(connection).find(Provider) == []


@pytest.mark.parametrize(
    "row",
    [
        replace(MAILER, id="agt_2"),
        replace(MAIN, id="wsp_2"),
        replace(ALICE, id="per_2"),
        replace(OPENAI, id="prv_2"),
        replace(ACME, id="org_2"),
    ],
    ids=lambda row: type(row).__name__,
)
def test_the_database_keeps_names_unique_by_itself(filled: Database, row: Row) -> None:
    with pytest.raises(Unavailable), filled.writing() as connection:
        SqlRecords(connection).save(row)


def test_the_database_keeps_organizations_apart_by_itself(filled: Database) -> None:
    """An agent cannot be put into another organization's workspace or under its people."""
    with filled.writing() as connection:
        SqlRecords(connection).save(OTHER)
    stray = replace(MAILER, id="agt_2", name="stray", organization_id=OTHER.id)
    with pytest.raises(Unavailable), filled.writing() as connection:
        SqlRecords(connection).save(stray)


def test_taking_the_revision_raises_it(database: Database) -> None:
    with database.reading() as connection:
        before = read_revision(connection)
    with database.writing() as connection:
        taken = SqlRecords(connection).take_revision()
    with database.reading() as connection:
        assert read_revision(connection) == taken == before + 1


def test_the_newest_data_key_of_each_owner_is_given(filled: Database) -> None:
    _, platform = new_data_key(None, KEK, 1, system_entropy)
    _, old = new_data_key(ACME.id, KEK, 2, system_entropy)
    _, new = new_data_key(ACME.id, KEK, 3, system_entropy)
    with filled.writing() as connection:
        for key in (new, platform, old):
            SqlRecords(connection).keep_data_key(key)
    with filled.reading() as connection:
        records = SqlRecords(connection)
        assert records.data_key(None) == platform
        assert records.data_key(ACME.id) == new
        assert records.data_key(OTHER.id) is None
        assert load_data_keys(connection) == [platform, old, new]


def test_a_body_without_its_entry_cannot_be_committed(filled: Database) -> None:
    with pytest.raises(Unavailable), filled.writing() as connection:
        SqlRecords(connection).keep_body(Position("log", 1, 0), b"sealed", "dek_1")
