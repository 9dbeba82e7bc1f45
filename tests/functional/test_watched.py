"""A whole Gatebook that is watched: every line is JSON, and its metrics and probes answer."""

import json
from typing import Any

import httpx
import pytest

from tests.served import ORDER, Start, free_port

pytestmark = pytest.mark.long  # starts all three processes


def test_every_process_speaks_json_and_the_gateway_tells_its_metrics(start: Start) -> None:
    port = free_port()
    served = start(
        TELEMETRY_LOG_FORMAT="json", TELEMETRY_METRICS="true", TELEMETRY_METRICS_PORT=port
    )

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in served.said.splitlines()]

    def ready() -> list[str]:
        return [
            line["message"].split()[0] for line in lines() if " is ready at " in line["message"]
        ]

    served.wait(lambda: ready() == ORDER)
    url = f"http://127.0.0.1:{port}"
    (told,) = (line for line in lines() if line["message"].startswith("metrics are at"))
    assert told["message"] == f"metrics are at {url}/metrics"
    assert told["process"] == "gateway"
    assert "gatebook_build_info" in httpx.get(f"{url}/metrics").text
    assert httpx.get(f"{url}/readyz").json()["ready"] is True
    assert served.end() == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")
    processes = {line["process"] for line in lines()}
    assert processes <= {"supervisor", *ORDER}
    assert {line["level"] for line in lines()} == {"info"}


def test_a_port_that_is_taken_is_named_and_the_gateway_does_not_serve_blind(start: Start) -> None:
    port = free_port()
    served = start(GATEWAY_PORT=port, TELEMETRY_METRICS="true", TELEMETRY_METRICS_PORT=port)
    assert served.process.wait(30) == 78
    assert f"Nobody can listen on 127.0.0.1 port {port}" in served.said
