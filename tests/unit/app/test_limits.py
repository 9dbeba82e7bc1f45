"""Limits go by a time that all share; own prices come before those that are shipped."""

from pathlib import Path

import pytest

from gatebook.app.limits import open_leases, price_tables
from gatebook.core.clock import SECOND_US, SystemClock
from gatebook.core.errors import Misconfigured
from gatebook.core.ids import system_entropy
from gatebook.policy.limits.leases import Part
from gatebook.policy.limits.settings import LimitSettings
from gatebook.storage.database import Database
from tests.accounts import every_account
from tests.simulators.clock import NOON_US, SetClock
from tests.unit.policy.limits.test_bounds import bound

OWN = """
[vendors]
mine = ["llm.example"]

[[price]]
vendor = "mine"
models = ["*"]
input = "1"
output = "2"
as_of = "2026-11-27"
source = "https://llm.example/prices"
"""


def test_who_shares_a_server_goes_by_its_time_and_who_shares_a_file_by_the_machines(
    database: Database,
) -> None:
    clock = SetClock()
    leases = open_leases(database, LimitSettings(), clock=clock, entropy=system_entropy)
    rate = bound("tokens", "minute", 5)
    window = rate.window(clock.now_us())
    part = Part(window=window, bound=rate, spent=0, holds=0, free=0, is_leased=False, is_new=True)
    leases.exchange([part], [])
    (account,) = every_account(database).values()
    ours = SystemClock().now_us()
    assert abs(account.refilled_at - (NOON_US if database.is_sqlite else ours)) < 60 * SECOND_US


def test_without_a_file_there_is_the_table_that_is_shipped() -> None:
    (shipped,) = price_tables("")
    assert "openai" in shipped.vendors


def test_a_file_of_ones_own_comes_first(tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text(OWN)
    own, shipped = price_tables(str(tmp_path / "prices.toml"))
    assert "mine" in own.vendors
    assert shipped == price_tables("")[0]


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_cannot_be_read_refuses_to_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        price_tables(str(tmp_path / name))
