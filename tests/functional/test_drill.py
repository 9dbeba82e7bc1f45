"""A drill of the kill switch passes if every gate answers, and fails if one hangs."""

import json
import os
import signal
import subprocess
from typing import Any

import pytest

from tests.served import Served, Start, free_port


def run(served: Served, *words: str) -> tuple[int, str]:
    """The exit code of a verb and what it answers."""
    done = subprocess.run(
        [*served._program, *words, "--json"],
        env=served._environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def drill(served: Served) -> tuple[int, dict[str, Any]]:
    """The exit code of a drill and its result."""
    code, said = run(served, "drill", "kill-switch", "--wait", "5s")
    return code, json.loads(said)


def said_of_a_stop(served: Served) -> str:
    """What people are told who stop a model that nobody calls."""
    done = subprocess.run(
        [*served._program, "stop", "engage", "model", "never-called"],
        env=served._environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stderr


def pids(served: Served) -> dict[str, int]:
    """The process numbers of gateways that told that they live, by their names."""
    rows = map(json.loads, run(served, "status")[1].splitlines())
    return {row["gateway"]: row["pid"] for row in rows}


@pytest.mark.long
def test_a_gate_that_hangs_fails_the_drill(start: Start) -> None:
    served = start()
    served.wait(lambda: set(pids(served)) == {"gateway"})
    code, result = drill(served)
    assert (code, result["passed"], result["missing"]) == (0, True, {})
    assert list(result["answers"]) == ["gateway"]

    other = start("gateway", GATEWAY_PORT=free_port(), WORKERS_NAME="other")
    served.wait(lambda: set(pids(served)) == {"gateway", "other"})
    told = said_of_a_stop(served)
    assert "In force at: gateway, other." in told
    pid = pids(served)["other"]
    os.kill(pid, signal.SIGSTOP)
    code, result = drill(served)
    assert (code, result["passed"]) == (1, False)
    assert list(result["answers"]) == ["gateway"]
    told = said_of_a_stop(served)
    assert "In force at: gateway." in told
    assert "Not heard yet by: other." in told
    assert list(result["missing"]) == ["other"]
    assert result["missing"]["other"].endswith(f"pid {pid}")

    os.kill(pid, signal.SIGCONT)
    code, result = drill(served)
    assert (code, result["passed"], set(result["answers"])) == (0, True, {"gateway", "other"})

    other.end()
    code, result = drill(served)
    assert (code, list(result["answers"])) == (0, ["gateway"])
    assert served.end() == 0
