"""The recorded exchanges in `vectors/providers` are what the gate does, byte for byte."""

from typing import Any

import pytest

from gatebook.app.folders import dialects
from gatebook.formats.closed import Closed
from tests.exchanges import FOLDER, VENDORS, play, recorded

EXCHANGES = [
    pytest.param(vendor, case, id=f"{vendor}: {name}")
    for vendor in VENDORS
    for name, case in recorded(vendor)
]


@pytest.mark.parametrize(("vendor", "case"), EXCHANGES)
def test_an_exchange_goes_as_it_is_recorded(vendor: str, case: dict[str, Any]) -> None:
    assert play(vendor, case) == case["expected"]


@pytest.mark.parametrize("vendor", ["anthropic", "bedrock", "gemini", "openai"])
def test_there_is_an_exchange_for_every_operation_that_is_served(vendor: str) -> None:
    served = {
        operation.name
        for operation in dialects()[vendor].OPERATIONS
        if not isinstance(operation.format, Closed)
    }
    assert served == {path.stem for path in (FOLDER / vendor).glob("*.json")} - {"signature"}
