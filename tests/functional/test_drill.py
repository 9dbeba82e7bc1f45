"""A drill of the kill switch passes if every gate answers, and fails if one hangs."""

import json
import os
import signal
import subprocess
from typing import Any

import pytest

from tests.served import ORDER, Served, Start, free_port


def drill(served: Served) -> tuple[int, dict[str, Any]]:
    """The exit code of a drill and its result."""
    done = subprocess.run(
        [*served._program, "drill", "kill-switch", "--wait", "5s", "--json"],
        env=served._environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


@pytest.mark.long
def test_a_gate_that_hangs_fails_the_drill(start: Start) -> None:
    served = start()
    served.wait(lambda: served.ready() == ORDER)
    code, result = drill(served)
    (first,) = result["answers"]
    assert (code, result["passed"], result["missing"]) == (0, True, {})

    other = start("gateway", GATEWAY_PORT=free_port())
    other.wait(lambda: "The gateway is ready" in other.said)
    os.kill(other.process.pid, signal.SIGSTOP)
    code, result = drill(served)
    assert (code, result["passed"]) == (1, False)
    assert list(result["answers"]) == [first]
    assert list(result["missing"].values()) == [other.process.pid]

    os.kill(other.process.pid, signal.SIGCONT)
    code, result = drill(served)
    assert (code, result["passed"], len(result["answers"])) == (0, True, 2)

    other.end()
    code, result = drill(served)
    assert (code, list(result["answers"])) == (0, [first])
    assert served.end() == 0
