"""Nothing is decided on a state that is old, or that could not be confirmed for too long."""

import pytest
from msgspec.structs import replace

from gatebook.control.scoping import STANDARD
from gatebook.core.errors import Unavailable
from gatebook.core.ids import system_entropy
from gatebook.gateway.commitments import CommitmentKey
from gatebook.gateway.settings import GatewaySettings
from gatebook.gateway.snapshot import Snapshot, Snapshots, Tenant
from gatebook.identity.directory import (
    Agent,
    AgentKey,
    Directory,
    Organization,
    Person,
    Provider,
    Workspace,
)
from gatebook.identity.identify import KeyRejected
from gatebook.identity.keys import Peppers, mint
from tests.recorder import LOG
from tests.simulators.clock import NOON_US, SetClock

PEPPERS = Peppers({1: b"p" * 32})
MINTED = mint(PEPPERS, system_entropy)
TOKEN = MINTED.token.reveal()
HOUR_US = 3600 * 1_000_000


def snapshot(
    revision: int = 1, *, is_revoked: bool = False, models: tuple[str, ...] = ("*",)
) -> Snapshot:
    directory = Directory(
        revision=revision,
        organizations={"org": Organization(id="org", slug="acme", name="", created_at=1)},
        workspaces={
            "wsp": Workspace(id="wsp", organization_id="org", slug="w", name="", created_at=1)
        },
        people={"per": Person(id="per", organization_id="org", name="", email="", created_at=1)},
        agents={
            "agt": Agent(
                id="agt",
                organization_id="org",
                workspace_id="wsp",
                owner_id="per",
                name="bot",
                purpose="",
                scope=replace(STANDARD, models=models),
                created_at=1,
            )
        },
        keys={
            MINTED.id: AgentKey(
                id=MINTED.id,
                agent_id="agt",
                mac=MINTED.mac,
                pepper_version=1,
                last4="",
                status="revoked" if is_revoked else "active",
                issued_at=1,
                expires_at=NOON_US + HOUR_US,
            )
        },
        fallbacks={},
        providers={
            "prv": Provider(
                id="prv",
                organization_id="org",
                name="",
                dialect="openai",
                base_url="http://127.0.0.1:9",
                models=("*",),
                data_classes=("*",),
                created_at=1,
            )
        },
    )
    tenants = {"org": Tenant(LOG, CommitmentKey("dek", b"k" * 32))}
    return Snapshot(directory, peppers=PEPPERS, tenants=tenants, credentials={})


class HandSource:
    """A source that a test changes and stops."""

    def __init__(self) -> None:
        self.current = snapshot()
        self.is_up = True
        self.loads = 0

    def revision(self) -> int:
        """See gateway.snapshot.Source."""
        if not self.is_up:
            raise Unavailable("database_unavailable", "No.")
        return self.current.directory.revision

    def load(self) -> Snapshot:
        """See gateway.snapshot.Source."""
        self.loads += 1
        return self.current


def snapshots(source: HandSource, clock: SetClock) -> Snapshots:
    return Snapshots(source, settings=GatewaySettings(), clock=clock)


async def test_before_anything_is_known_nothing_is_decided() -> None:
    with pytest.raises(Unavailable):
        snapshots(HandSource(), SetClock()).current()


async def test_a_state_is_loaded_again_only_when_it_changed() -> None:
    source = HandSource()
    kept = snapshots(source, SetClock())
    assert kept.revision == 0
    await kept.refresh()
    await kept.refresh()
    assert (source.loads, kept.revision) == (1, 1)
    source.current = snapshot(revision=2)
    await kept.refresh()
    assert kept.current() is source.current
    assert kept.revision == 2


async def test_a_state_that_cannot_be_confirmed_serves_for_a_while_and_no_longer() -> None:
    source, clock = HandSource(), SetClock()
    kept = snapshots(source, clock)
    await kept.refresh()
    source.is_up = False
    clock.advance(30)
    with pytest.raises(Unavailable):
        await kept.refresh()
    assert kept.current() is source.current
    clock.advance(1)
    with pytest.raises(Unavailable) as caught:
        kept.current()
    assert caught.value.code == "directory_unavailable"
    source.is_up = True
    await kept.refresh()
    assert kept.current() is source.current


def test_a_key_is_proven_once_and_its_life_is_looked_at_every_time() -> None:
    state = snapshot()
    first = state.identify(TOKEN, NOON_US)
    assert state.identify(TOKEN, NOON_US) is first
    assert first.agent.id == "agt"
    with pytest.raises(KeyRejected) as caught:
        state.identify(TOKEN, NOON_US + HOUR_US)
    assert caught.value.code == "key_expired"


def test_what_was_proven_in_one_state_is_worth_nothing_in_the_next() -> None:
    snapshot().identify(TOKEN, NOON_US)
    with pytest.raises(KeyRejected):
        snapshot(revision=2, is_revoked=True).identify(TOKEN, NOON_US)


def test_whoever_cannot_prove_who_they_are_is_nobody_we_know() -> None:
    state = snapshot()
    forged = mint(PEPPERS, system_entropy).token.reveal()
    assert state.knows(TOKEN, NOON_US)
    for other in (forged, TOKEN[:-1], ""):
        assert not state.knows(other, NOON_US)
        with pytest.raises(KeyRejected):
            state.identify(other, NOON_US)
