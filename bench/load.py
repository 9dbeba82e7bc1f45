"""Saturation: wrk from the load core, as fast as the row answers, every answer accounted for."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bench.children import on_core
from gatebook.core.errors import Unavailable

CONNECTIONS = 16
PATH = "/v1/chat/completions"
_PAYLOAD = Path(__file__).parent / "payload"
_GRACE_SECONDS = 60


class Totals(msgspec.Struct, frozen=True):
    """What wrk counted; `refused` are answers outside 2xx and 3xx, `broken` are socket errors."""

    requests: int
    duration_us: int
    refused: int
    broken: int
    p50_us: int
    p99_us: int

    @property
    def requests_per_second(self) -> float:
        """Good answers per second; refusals are quick and must not flatter a row."""
        return max(0, self.requests - self.refused) * 1e6 / self.duration_us


def request_body() -> bytes:
    """The one body every row is asked with, about 1 KB."""
    return (_PAYLOAD / "request.json").read_bytes().rstrip()


def reply_body() -> bytes:
    """The one body the mock provider answers with, about 1 KB."""
    return (_PAYLOAD / "reply.json").read_bytes().rstrip()


def saturate(
    port: int,
    headers: Mapping[str, str],
    *,
    core: int | None,
    seconds: int,
    connections: int = CONNECTIONS,
) -> Totals:
    """Load a row on this machine for `seconds`; raises Unavailable when wrk itself fails."""
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s"]
    argv += ["-s", str(_PAYLOAD / "wrk.lua")]
    for name, value in headers.items():
        argv += ["-H", f"{name}: {value}"]
    argv.append(f"http://127.0.0.1:{port}{PATH}")
    with on_core(core):
        shown = subprocess.run(
            argv,
            env={"BENCH_BODY": str(_PAYLOAD / "request.json")},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + _GRACE_SECONDS,
        )
    return parse_totals(shown.stdout, shown.stderr)


def parse_totals(output: str, errors: str = "") -> Totals:
    """The line that `payload/wrk.lua` prints; raises Unavailable when it is not there."""
    for line in output.splitlines():
        if line.startswith("TOTALS "):
            return msgspec.json.decode(line.removeprefix("TOTALS "), type=Totals)
    raise Unavailable("wrk_failed", f"wrk printed no totals: {(errors or output).strip()[-200:]}")
