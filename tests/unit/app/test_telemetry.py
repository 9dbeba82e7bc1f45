"""What is not wanted is not even imported, and what is missing is named."""

import asyncio
import subprocess
import sys
from importlib import import_module

import pytest

from gatebook.app import telemetry
from gatebook.app.settings import TelemetrySettings
from gatebook.app.telemetry import Instruments
from gatebook.core.clock import SystemClock
from gatebook.core.errors import Misconfigured
from tests.served import free_port
from tests.servers import ask
from tests.simulators.clock import SetClock
from tests.unit.gateway.test_book import opened
from tests.unit.gateway.test_ending import gate
from tests.unit.gateway.test_snapshot import HandSource, snapshots


def test_the_gate_does_not_import_the_sdk_unless_calls_are_traced() -> None:
    program = (
        "import sys, gatebook.app.gate_process\n"
        "from gatebook.app.settings import TelemetrySettings as T\n"
        "from gatebook.app.telemetry import Instruments\n"
        "from gatebook.core.clock import SystemClock\n"
        "Instruments(T(metrics=True, access_log=True), SystemClock())\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert ran.stdout.strip() == b"[]"


def test_an_sdk_that_is_missing_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> object:
        if name == "gatebook.gateway.tracing":
            raise ModuleNotFoundError("no", name="opentelemetry")
        return import_module(name)

    monkeypatch.setattr(telemetry, "import_module", missing)
    with pytest.raises(Misconfigured, match=r"opentelemetry is not installed.*gatebook\[otel\]"):
        Instruments(TelemetrySettings(otlp_endpoint="http://127.0.0.1:9/v1/traces"), SystemClock())


@pytest.mark.parametrize(("number", "further"), [(1, 0), (3, 2)])
async def test_each_gateway_of_a_host_has_a_port_of_its_own(number: int, further: int) -> None:
    port, clock = free_port(), SetClock()
    settings = TelemetrySettings(metrics=True, metrics_port=port)
    instruments = Instruments(settings, clock, number=number)
    kept = snapshots(HandSource(), clock)
    await kept.refresh()
    async with opened(clock=clock) as (book, _):
        await instruments.serve(gate(book, kept, clock))
        got = await asyncio.to_thread(ask, port + further, "GET", "/healthz")
        await instruments.close()
    assert got.status == 200
