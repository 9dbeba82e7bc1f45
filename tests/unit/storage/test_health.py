"""What is known of providers is counted once, whoever of several gateways notes it down."""

from gatebook.core.clock import SECOND_US
from gatebook.ledger.events.provider import ProviderProbed
from gatebook.storage.database import Database
from gatebook.storage.health import HOUR_US, Measured, Probe, SqlHealth, last_probes, measured
from tests.simulators.clock import NOON_US

INTERVAL_US = 300 * SECOND_US


def said(result: str, latency_ms: int = 5, *, provider: str = "p") -> ProviderProbed:
    return ProviderProbed(provider=provider, result=result, status=0, latency_ms=latency_ms)


def test_of_several_gateways_one_takes_a_turn(database: Database) -> None:
    one, other = SqlHealth(database), SqlHealth(database)
    assert one.take_turns(["p", "q"], NOON_US, INTERVAL_US) == ["p", "q"]
    assert other.take_turns(["p", "q", "r"], NOON_US + SECOND_US, INTERVAL_US) == ["r"]
    assert other.take_turns(["p"], NOON_US + INTERVAL_US, INTERVAL_US) == ["p"]


def test_probes_and_calls_are_measured_since_a_time(database: Database) -> None:
    health = SqlHealth(database)
    for minute, result in enumerate(["well", "failing", "well"]):
        health.keep_probes(NOON_US + minute * 60 * SECOND_US, [said(result)])
    health.keep_probes(NOON_US, [said("silent", 9)])
    health.add_calls(NOON_US + 1, {"p": (3, 1), "q": (0, 2)})
    health.add_calls(NOON_US + 2, {"p": (4, 0)})
    health.add_calls(NOON_US + HOUR_US, {"p": (1, 1)})
    assert measured(database, NOON_US) == {"p": Measured(3, 2, 8, 2), "q": Measured(0, 0, 0, 2)}
    assert measured(database, NOON_US + HOUR_US) == {"p": Measured(0, 0, 1, 1)}


def test_the_last_probes_come_first(database: Database) -> None:
    health = SqlHealth(database)
    seen = [Probe("p", NOON_US + number, "well", number) for number in range(3)]
    for probe in seen:
        health.keep_probes(probe.at_us, [said("well", probe.latency_ms)])
    assert last_probes(database, "p", 2) == seen[:0:-1]


def test_what_is_too_old_is_forgotten(database: Database) -> None:
    health = SqlHealth(database)
    health.keep_probes(NOON_US, [said("well"), said("well", provider="q")])
    assert measured(database, 0).keys() == {"p", "q"}
    health.add_calls(NOON_US, {"p": (1, 0)})
    health.forget(NOON_US + 1)
    assert measured(database, 0) == {}
