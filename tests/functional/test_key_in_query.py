"""A key that stands in the address, as Google's clients may put it, is seen by nobody behind us."""

import logging

import httpx
import pytest

from tests.functional.test_secrets import dump
from tests.gates import RunningGate, with_provider

CREDENTIAL = "AIza-provider-0123456789"
FLASH = "gemini-2.5-flash"
BODY = b'{"contents":[{"parts":[{"text":"hi"}]}]}'


@pytest.fixture
def gate(sqlite_gate: RunningGate) -> RunningGate:
    """A gate with a provider for this dialect."""
    return with_provider(sqlite_gate, "gemini", CREDENTIAL)


def ask(gate: RunningGate, path: str, query: str = "", **headers: str) -> httpx.Response:
    """A call whose key is in the address."""
    url = f"http://127.0.0.1:{gate.port}{path}?{query}key={gate.key}"
    given = {"Content-Type": "application/json", **headers}
    return gate.http.post(url, content=BODY, headers=given)


def test_it_is_in_no_log_no_table_no_answer_and_nothing_that_leaves(
    gate: RunningGate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    generate = f"/v1beta/models/{FLASH}:generateContent"
    stream = f"/v1beta/models/{FLASH}:streamGenerateContent"
    answers = [
        ask(gate, generate),
        ask(gate, stream, "alt=sse&"),
        ask(gate, stream),  # refused: as an array
        ask(gate, generate, "prettyPrint=true&"),  # refused: unknown parameter
        ask(gate, "/v1beta/models/gemini-1.5-pro:generateContent"),  # refused: not granted
        ask(gate, "/v1beta/models/sim-error-429:generateContent"),
        ask(gate, "/v1beta/files"),  # refused: closed
        ask(gate, "/v1/chat/completions"),  # refused: no key belongs there
        ask(gate, "/nowhere"),
        ask(gate, generate, **{"x-goog-api-key": "another"}),  # two that differ
    ]
    assert [answer.status_code for answer in answers] == [
        *(200, 200, 400, 400, 403, 429, 400, 400, 404, 401)
    ]
    assert [seen.query for seen in gate.provider.seen] == ["", "alt=sse", ""]
    said = "".join(f"{answer.text}{answer.headers}" for answer in answers)
    secret = gate.key[-49:-6]
    assert secret not in said
    # The client that asks here logs the addresses itself.
    others = [each for each in caplog.records if not each.name.startswith("http")]
    logged = [f"{each.name} {each.getMessage()}" for each in others]
    assert secret not in str(logged)
    assert secret.encode() not in dump(gate.office)
    assert secret not in str(gate.provider.seen)
    keys = {seen.headers["x-goog-api-key"] for seen in gate.provider.seen}
    assert keys == {CREDENTIAL}


def test_a_key_alone_identifies_and_so_does_the_header(gate: RunningGate) -> None:
    generate = f"/v1beta/models/{FLASH}:generateContent"
    assert ask(gate, generate, **{"x-goog-api-key": gate.key}).status_code == 200
    listed = gate.http.get(f"http://127.0.0.1:{gate.port}/v1beta/models?key={gate.key}&pageSize=2")
    assert listed.json()["models"][0]["name"] == "models/gemini-2.5-pro"
    assert gate.provider.seen[-1].query == "pageSize=2"
