"""Sets up what `[telemetry]` asks for: who is told of calls, and where metrics are served."""

import asyncio
import logging
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any, Final

from gatebook import __version__
from gatebook.app.metrics_door import MetricsDoor
from gatebook.app.serving import address_of, listen_on, served_beside
from gatebook.app.settings import TelemetrySettings
from gatebook.core.clock import Clock
from gatebook.core.errors import Misconfigured
from gatebook.gateway.access import AccessLog
from gatebook.gateway.gate import Gate
from gatebook.gateway.meter import Meter
from gatebook.gateway.metrics import exposition
from gatebook.gateway.readiness import checks
from gatebook.gateway.telemetry import Telemetry, Tell

_LOG: Final = logging.getLogger(__name__)


class Instruments:
    """Those that are wanted, of one gate."""

    def __init__(self, settings: TelemetrySettings, clock: Clock, *, number: int = 1) -> None:
        """Of the gateway of that number on this host.

        Raises Misconfigured where traces are wanted and what makes them is not installed.
        """
        self._settings = settings
        self._port = settings.metrics_port and settings.metrics_port + number - 1
        self._meter = Meter(clock, by_agent=settings.metrics_by_agent)
        self._traces = _traces(settings, clock) if settings.otlp_endpoint else None
        self._stack = AsyncExitStack()
        tell: list[Tell] = []
        if settings.metrics:
            tell.append(self._meter.count)
        if settings.access_log:
            tell.append(AccessLog(clock).tell)
        self.telemetry = Telemetry(tell, self._traces.begin if self._traces else None)

    async def serve(self, gate: Gate) -> None:
        """Serve the metrics, if they are wanted; raises Misconfigured for a port that is taken."""
        settings = self._settings
        if settings.metrics:
            door = MetricsDoor(lambda: exposition(gate, self._meter), lambda: checks(gate))
            listener = listen_on(settings.metrics_host, self._port)
            await self._stack.enter_async_context(served_beside(door, listener))
            _LOG.info("metrics are at %s/metrics", address_of(listener))

    async def close(self) -> None:
        """Serve no more, and send what is left of the traces as far as that is soon done."""
        await self._stack.aclose()
        if self._traces is not None:
            await asyncio.to_thread(self._traces.close)


def _traces(settings: TelemetrySettings, clock: Clock) -> Any:
    """What makes traces, by name: the SDK is large, and installed only where it is wanted."""
    try:
        module = import_module("gatebook.gateway.tracing")
    except ModuleNotFoundError as error:
        raise Misconfigured(
            "telemetry_no_sdk",
            f"Calls are to be traced, and {error.name} is not installed.",
            "Install gatebook[otel], or leave telemetry.otlp_endpoint empty.",
        ) from None
    _LOG.info("traces go to %s", settings.otlp_endpoint)
    return module.Traces(
        settings.otlp_endpoint, ratio=settings.trace_ratio, version=__version__, clock=clock
    )
