"""The unmodified `litellm` package as a client of a running gate, by the routes of four vendors.

It pins others than we do, so it is installed once into an environment of its own, as
`litellm/requirements.txt` has it; without an index to install from the tests are skipped.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.figures import Skipped
from bench.prepare import environment
from tests.gates import RunningGate, with_provider
from tools.lint.source import ROOT

pytestmark = pytest.mark.long

HERE = Path(__file__).parent / "litellm"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
ROUTES = [
    ("openai", "/v1", "gpt-4o", "APIError"),
    ("anthropic", "", "claude-haiku-5-5", "PermissionDeniedError"),
    ("gemini", "/v1beta", "gemini-2.5-flash", "BadRequestError"),
    ("bedrock/converse", "", HAIKU, "PermissionDeniedError"),
]


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of the environment that has the package."""
    found = environment(ROOT / ".clients" / "litellm", HERE / "requirements.txt")
    if isinstance(found, Skipped):
        pytest.skip(found.reason)
    return found / "bin" / "python"


@pytest.fixture
def gate(sqlite_gate: RunningGate) -> RunningGate:
    """A gate with a provider for each of the dialects, and an agent for their models."""
    with_provider(sqlite_gate, "anthropic", "sk-ant-provider-0123456789")
    with_provider(sqlite_gate, "bedrock", "ABSK-provider-0123456789")
    return with_provider(sqlite_gate, "gemini", "AIza-provider-0123456789")


def ask(python: Path, gate: RunningGate, route: str, base: str, *cases: str) -> list[Any]:
    """What `litellm/ask.py` tells of calls, one process for all: its import takes seconds."""
    ran = subprocess.run(
        [python, HERE / "ask.py", route, base, *cases],
        env={"GATE": f"http://127.0.0.1:{gate.port}", "KEY": gate.key},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told: list[Any] = json.loads(ran.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize(("route", "base", "model", "refusal"), ROUTES)
def test_calls_streams_tools_and_refusals_are_one_request_each(
    python: Path, gate: RunningGate, route: str, base: str, model: str, refusal: str
) -> None:
    """The class of a refusal is what the package makes of status 403 on each route."""
    cases = [f"{case}={model}" for case in ("whole", "stream", "tools", "stream-tools")]
    cases += ["whole=another-model", "stream=sim-cut"]
    whole, streamed, tools, more_tools, refused, cut = ask(python, gate, route, base, *cases)
    assert whole["text"].startswith("This answer")
    assert streamed["text"] == whole["text"]
    assert tools["calls"] == more_tools["calls"] == ["look_up"]
    assert (refused["class"], refused["status"]) == (refusal, 403)
    assert "may not use the model" in refused["message"]
    assert "broke off" in cut["message"]
    assert gate.requests == 6
    outcomes = gate.facts("call.concluded")
    assert [fact["ending"] for fact in outcomes] == ["complete"] * 4 + ["upstream_broken"]
    assert outcomes[0]["tokens_in"] == whole["tokens_in"]
    assert outcomes[0]["tokens_out"] == whole["tokens_out"]
    assert gate.key not in str(gate.provider.seen)
