"""curl against a running gate, as in the documentation."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.gates import RunningGate

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")

CHAT: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}


def curl(gate: RunningGate, *options: str, key: str = "", path: str = "/chat/completions") -> str:
    """What curl writes, the head of the response first."""
    command = ["curl", "--silent", "--show-error", "--include", "--max-time", "20", *options]
    command += ["--header", f"Authorization: Bearer {key or gate.key}", gate.base_url + path]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return ran.stdout


def post(gate: RunningGate, body: dict[str, Any], *options: str, key: str = "") -> str:
    header = ("--header", "Content-Type: application/json")
    return curl(gate, *header, "--data", json.dumps(body), *options, key=key)


def split(output: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body."""
    head, _, body = output.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body


def test_a_call(sqlite_gate: RunningGate) -> None:
    status, headers, body = split(post(sqlite_gate, CHAT))
    (intent,) = sqlite_gate.events("call.intended")
    assert status == 200
    assert headers["x-request-id"] == f"{intent.header['sid']}.{intent.sq}"
    assert json.loads(body)["object"] == "chat.completion"


def test_a_stream(sqlite_gate: RunningGate) -> None:
    status, headers, body = split(post(sqlite_gate, {**CHAT, "stream": True}, "--no-buffer"))
    assert status == 200
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert body.endswith("data: [DONE]\n\n")


def test_the_models(sqlite_gate: RunningGate) -> None:
    status, _, body = split(curl(sqlite_gate, path="/models"))
    assert status == 200
    assert json.loads(body)["object"] == "list"


@pytest.mark.parametrize(
    ("body", "key", "status", "code"),
    [
        (CHAT, "sk-1", 401, "invalid_api_key"),
        ({**CHAT, "model": "o4-mini"}, "", 403, "model_not_allowed"),
        ({**CHAT, "model": "no such"}, "", 400, "invalid_model"),
    ],
)
def test_refusals_are_not_retried(
    sqlite_gate: RunningGate, body: dict[str, Any], key: str, status: int, code: str
) -> None:
    got, headers, said = split(post(sqlite_gate, body, "--retry", "2", key=key))
    assert (got, json.loads(said)["error"]["code"]) == (status, code)
    assert headers["x-should-retry"] == "false"
    assert sqlite_gate.requests == 1


def test_a_forgotten_content_type_is_named(sqlite_gate: RunningGate) -> None:
    status, _, body = split(curl(sqlite_gate, "--data", json.dumps(CHAT)))
    assert status == 415
    assert "Content-Type: application/json" in json.loads(body)["error"]["message"]


def test_a_file_of_100_megabytes_is_turned_away(sqlite_gate: RunningGate, tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    options = ("--header", "Content-Type: application/json", "--data-binary", f"@{large}")
    status, _, body = split(curl(sqlite_gate, *options))
    assert status == 413
    assert json.loads(body)["error"]["code"] == "body_too_large"


def test_a_body_of_unknown_length_is_read(sqlite_gate: RunningGate) -> None:
    status, _, _ = split(post(sqlite_gate, CHAT, "--header", "Transfer-Encoding: chunked"))
    assert status == 200


def test_curl_that_offers_http_2_gets_its_answer(sqlite_gate: RunningGate) -> None:
    status, _, _ = split(post(sqlite_gate, CHAT, "--http2"))
    assert status == 200


def test_curl_that_gives_up_ends_the_call(sqlite_gate: RunningGate) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        post(sqlite_gate, {**CHAT, "model": "sim-slow-30"}, "--max-time", "0.5")
    assert sqlite_gate.ending() == "client_disconnected"
