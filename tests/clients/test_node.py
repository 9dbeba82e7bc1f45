"""The unmodified npm packages `openai`, `@anthropic-ai/sdk` and `ai` against a running gate.

They are installed once, as `node/package-lock.json` pins them; the scripts beside it run one case
each and tell what came of it. Without Node, or a registry to install from, the tests are skipped.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.figures import Skipped
from bench.prepare import packages
from tests.gates import RunningGate, with_provider
from tools.lint.source import ROOT

pytestmark = pytest.mark.long

PINS = Path(__file__).parent / "node"
MODELS = {"openai": "gpt-4o", "anthropic": "claude-haiku-5-5", "google": "gemini-2.5-flash"}
NOT_GRANTED = {"openai": "o4-mini", "anthropic": "sonnet-9", "google": "gemini-9"}
PACKAGES = [("openai", "openai"), ("anthropic", "anthropic")]
EVERY = [
    *PACKAGES,
    ("responses", "openai"),
    ("ai openai", "openai"),
    ("ai responses", "openai"),
    ("ai anthropic", "anthropic"),
    ("ai google", "google"),
]


@pytest.fixture(scope="module")
def folder() -> Path:
    """Where the packages are, and the scripts as they are now."""
    found = packages(ROOT / ".clients" / "node", PINS)
    if isinstance(found, Skipped):
        pytest.skip(found.reason)
    for script in PINS.glob("*.mjs"):
        shutil.copy(script, found)
    return found


@pytest.fixture
def gate(sqlite_gate: RunningGate) -> RunningGate:
    """A gate with a provider for each of the dialects, and an agent for their models."""
    with_provider(sqlite_gate, "anthropic", "sk-ant-provider-0123456789")
    return with_provider(sqlite_gate, "gemini", "AIza-provider-0123456789")


def run(folder: Path, gate: RunningGate, package: str, case: str, *given: str) -> dict[str, Any]:
    """What a case of a script tells; `ai openai` is the script `ai` with a vendor."""
    script, *vendor = package.split()
    ran = subprocess.run(
        ["node", f"{script}.mjs", case, *vendor, *given],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "GATE": f"http://127.0.0.1:{gate.port}",
            "KEY": gate.key,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


@pytest.mark.parametrize(("package", "vendor"), EVERY)
def test_calls_and_streams(folder: Path, gate: RunningGate, package: str, vendor: str) -> None:
    whole = run(folder, gate, package, "whole", MODELS[vendor])
    assert whole["text"].startswith("This answer")
    (intent,) = gate.events("call.intended")
    assert whole["entry"] == f"{intent.header['sid']}.{intent.sq}"
    streamed = run(folder, gate, package, "stream", MODELS[vendor])
    assert streamed["text"] == whole["text"]
    first, second = gate.facts("call.concluded")
    assert first["tokens_out"] == second["tokens_out"] > 0
    assert [first["ending"], second["ending"]] == ["complete", "complete"]
    assert gate.key not in str(gate.provider.seen)


@pytest.mark.parametrize(("package", "vendor"), EVERY)
def test_tools(folder: Path, gate: RunningGate, package: str, vendor: str) -> None:
    for case in ("tools", "streamed_tools"):
        assert run(folder, gate, package, case, MODELS[vendor]) == {"calls": ["look_up"]}


@pytest.mark.parametrize(("package", "vendor"), PACKAGES)
def test_the_models_are_those_of_the_agent(
    folder: Path, gate: RunningGate, package: str, vendor: str
) -> None:
    ids = run(folder, gate, package, "models")["ids"]
    assert MODELS[vendor] in ids
    assert NOT_GRANTED[vendor] not in ids


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "model", "kind", "status", "requests"),
    [
        ("openai", "o4-mini", "PermissionDeniedError", 403, 1),
        ("openai", "no such", "BadRequestError", 400, 1),
        ("openai", "sim-error-401", "InternalServerError", 502, 1),
        ("openai", "sim-error-429", "RateLimitError", 429, 3),
        ("anthropic", "sonnet-9", "PermissionDeniedError", 403, 1),
        ("anthropic", "no such", "BadRequestError", 400, 1),
        ("anthropic", "sim-error-401", "InternalServerError", 502, 1),
        ("anthropic", "sim-error-429", "RateLimitError", 429, 3),
        ("ai openai", "o4-mini", "APICallError", 403, 1),
        ("ai anthropic", "sonnet-9", "APICallError", 403, 1),
        ("ai google", "gemini-9", "APICallError", 403, 1),
        ("ai google", "sim-error-400", "APICallError", 400, 1),
    ],
)
def test_each_refusal_has_its_class_and_is_sent_again_only_if_that_can_help(
    folder: Path,
    gate: RunningGate,
    package: str,
    model: str,
    kind: str,
    status: int,
    requests: int,
) -> None:
    error = run(folder, gate, package, "whole", model)["error"]
    assert (error["class"], error["status"]) == (kind, status)
    assert gate.requests == requests


@pytest.mark.parametrize("vendor", ["openai", "anthropic", "google"])
def test_the_package_ai_goes_by_the_status_alone(
    folder: Path, gate: RunningGate, vendor: str
) -> None:
    """No header of ours keeps it from sending a 5xx again, even where that is pointless."""
    error = run(folder, gate, f"ai {vendor}", "whole", "sim-error-401")["error"]
    assert (error["class"], error["last"]["class"]) == ("RetryError", "APICallError")
    assert gate.requests == 3


@pytest.mark.parametrize(
    ("package", "kind"),
    [("openai", "AuthenticationError"), ("anthropic", "AuthenticationError")]
    + [(f"ai {vendor}", "APICallError") for vendor in MODELS],
)
def test_a_wrong_key(folder: Path, gate: RunningGate, package: str, kind: str) -> None:
    gate.key = gate.key[:-1]
    error = run(folder, gate, package, "whole", "gpt-4o")["error"]
    assert (error["class"], error["status"]) == (kind, 401)
    assert gate.requests == 1


@pytest.mark.parametrize(
    ("package", "kind"),
    [
        ("openai", "APIError"),
        ("anthropic", "APIError"),
        ("ai openai", "Object"),  # it throws what the stream holds, as it is
        ("ai anthropic", "Object"),
        ("ai google", "APICallError"),
    ],
)
def test_a_stream_that_fails_throws_and_is_not_repeated(
    folder: Path, gate: RunningGate, package: str, kind: str
) -> None:
    error = run(folder, gate, package, "stream", "sim-cut")["error"]
    assert error["class"] == kind
    assert "broke off" in error["message"]
    assert gate.requests == 1
    assert gate.ending() == "upstream_broken"
