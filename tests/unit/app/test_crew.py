"""Gateways that take over stand on the same socket and under names of their own."""

from msgspec.structs import replace

from gatebook.app.config import Config
from gatebook.app.crew import Crew, muster
from gatebook.app.settings import WorkerSettings
from gatebook.gateway.settings import GatewaySettings
from tests.served import free_port

SETTINGS = Config(gateway=GatewaySettings(port=0), workers=WorkerSettings(count=2))


def names(crew: Crew) -> list[str]:
    return [post.name for post in crew.posts]


def test_a_crew_takes_over_on_the_same_socket_under_other_names() -> None:
    first = muster(SETTINGS, (), before=None, taken=())
    assert names(first) == ["gateway", "gateway.2"]
    assert not first.is_ready
    second = muster(SETTINGS, (), before=first, taken=names(first))
    assert names(second) == ["gateway.3", "gateway.4"]
    assert second.door is first.door
    third = muster(SETTINGS, (), before=second, taken=[*names(second), "gateway.2"])
    assert names(third) == ["gateway", "gateway.5"]
    first.door.close()


def test_another_address_is_another_socket() -> None:
    first = muster(SETTINGS, (), before=None, taken=())
    elsewhere = replace(SETTINGS, gateway=GatewaySettings(port=free_port()))
    second = muster(elsewhere, (), before=first, taken=names(first))
    assert second.door.getsockname() == ("127.0.0.1", elsewhere.gateway.port)
    first.door.close()
    second.door.close()


def test_names_begin_as_the_settings_say() -> None:
    settings = replace(SETTINGS, workers=WorkerSettings(count=3, name="gw-b"))
    crew = muster(settings, (), before=None, taken=("gateway", "gateway.2"))
    assert names(crew) == ["gw-b", "gw-b.2", "gw-b.3"]
    crew.door.close()
