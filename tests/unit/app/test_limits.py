"""The installation's own prices come before those that are shipped."""

from pathlib import Path

import pytest

from gatebook.app.limits import price_tables
from gatebook.core.errors import Misconfigured

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
