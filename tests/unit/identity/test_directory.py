"""How long a key works."""

import pytest
from msgspec.structs import replace

from gatebook.identity.directory import (
    Agent,
    AgentKey,
    Directory,
    GuardRule,
    Row,
    Stop,
    credential_cell,
)
from tests.decisions import ACME, ALICE, KEY, MAILER, MAIN, OPENAI

ISSUED = replace(KEY, issued_at=0, expires_at=100)
ROTATED = replace(ISSUED, ends_at=50)


@pytest.mark.parametrize(
    ("key", "ends"),
    [(ISSUED, 100), (ROTATED, 50), (replace(ISSUED, ends_at=200), 100)],
    ids=["issued", "rotated", "rotated-late"],
)
def test_a_key_works_until_its_life_or_its_grace_ends_whichever_is_first(
    key: AgentKey, ends: int
) -> None:
    assert key.valid_until == ends
    assert key.is_live(ends - 1)
    assert not key.is_live(ends)


def test_a_revoked_key_does_not_work() -> None:
    assert not replace(ISSUED, status="revoked").is_live(1)


def test_every_provider_has_a_place_of_its_own_for_its_credential() -> None:
    assert credential_cell("prv_1") != credential_cell("prv_2")


@pytest.mark.parametrize("row", [ACME, MAIN, ALICE, MAILER, KEY, OPENAI], ids=lambda row: row.id)
def test_a_row_is_found_by_what_its_columns_hold(row: Row) -> None:
    directory = Directory(
        revision=1,
        organizations={ACME.id: ACME},
        workspaces={MAIN.id: MAIN},
        people={ALICE.id: ALICE},
        agents={MAILER.id: MAILER},
        keys={KEY.id: KEY},
        providers={OPENAI.id: OPENAI},
        fallbacks={},
    )
    assert directory.find(type(row), id=row.id) == [row]
    assert directory.find(type(row), id="another") == []
    assert directory.find(Agent, name="mailer", organization_id="org_2") == []
    assert directory.find(Stop) == []
    assert directory.find(GuardRule) == []
