"""What a provider has promised is kept as a whole number, so that 99.9 stays 99.9."""

import pytest

from gatebook.core.errors import Invalid
from gatebook.identity.directory import Provider
from tests.decisions import decide


@pytest.mark.parametrize(
    ("percent", "ppm"),
    [("99.9", 999_000), ("100", 1_000_000), ("99.9999", 999_999), ("0.5", 5_000), ("0", None)],
)
def test_a_percentage_becomes_millionths(percent: str, ppm: int | None) -> None:
    (row,) = decide("promise_provider", provider="openai", availability=percent).saves
    assert isinstance(row, Provider)
    assert row.availability_ppm == ppm


@pytest.mark.parametrize("percent", ["", "-1", "100.1", "101", "99,9", "1e2", "99.99999", "\u0669"])
def test_what_is_no_percentage_is_refused(percent: str) -> None:
    with pytest.raises(Invalid) as caught:
        decide("promise_provider", provider="openai", availability=percent)
    assert caught.value.code == "percent_invalid"
