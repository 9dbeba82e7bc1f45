"""Lets one command decide, on rows in memory, without a book."""

from typing import Any

from msgspec.structs import replace

from gatebook.app.folders import command_kinds, dialects
from gatebook.control.command import Context, Outcome
from gatebook.control.inputs import read_command
from gatebook.control.scoping import STANDARD
from gatebook.core.clock import SECOND_US
from gatebook.core.envelope import DataKey
from gatebook.core.ids import system_entropy
from gatebook.identity.directory import Agent, AgentKey, Organization, Person, Provider, Workspace
from gatebook.identity.keys import Peppers
from gatebook.identity.settings import IdentitySettings
from tests.simulators.clock import NOON_US
from tests.simulators.records import MemoryRecords

PEPPERS = Peppers({1: bytes(range(32))})
DATA_KEY = DataKey("dek_1", "org_1", bytes(32))
DAY_US = 24 * 3600 * SECOND_US

ACME = Organization(id="org_1", slug="acme", name="Acme", created_at=0)
OTHER = Organization(id="org_2", slug="other", name="Other", created_at=0)
MAIN = Workspace(id="wsp_1", organization_id="org_1", slug="main", name="Main", created_at=0)
ALICE = Person(
    id="per_1", organization_id="org_1", name="Alice", email="alice@example.com", created_at=0
)
SCOPE = replace(STANDARD, models=("gpt-*",))
MAILER = Agent(
    id="agt_1",
    organization_id="org_1",
    workspace_id="wsp_1",
    owner_id="per_1",
    name="mailer",
    purpose="answers mail",
    scope=SCOPE,
    created_at=0,
)
KEY = AgentKey(
    id="key_1",
    agent_id="agt_1",
    mac=bytes(32),
    pepper_version=1,
    last4="abcd",
    issued_at=NOON_US - DAY_US,
    expires_at=NOON_US + 89 * DAY_US,
)
OPENAI = Provider(
    id="prv_1",
    organization_id="org_1",
    name="openai",
    dialect="openai",
    base_url="https://api.openai.com/v1",
    models=("*",),
    data_classes=("*",),
    created_at=0,
)
ALL = (ACME, MAIN, ALICE, MAILER, KEY, OPENAI)


def context_of(records: MemoryRecords, organization: Organization | None = ACME) -> Context:
    """What a command is given at noon."""
    return Context(
        records=records,
        organization=organization,
        data_key=DATA_KEY,
        settings=IdentitySettings(),
        peppers=PEPPERS,
        dialects=dialects(),
        now_us=NOON_US,
        entropy=system_entropy,
    )


def decide(command: str, records: MemoryRecords | None = None, **values: Any) -> Outcome:
    """What a command of this name and these values decides."""
    records = MemoryRecords(*ALL) if records is None else records
    order = read_command(command_kinds()[command], values)
    return order.change(context_of(records, order.within(records)))
