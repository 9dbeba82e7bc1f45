"""The table of the raw suite behind a real nginx, which is set up by the file in deploy/.

Two readers stand in a row here. Whatever they make of a request, they have to make the same of it:
after each case another client on the same connections gets the answer to its own question.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openai import DefaultHttpxClient, OpenAI

from tests.gates import RunningGate, chat, eventually
from tests.proxies import Nginx, needs_nginx, open_nginx
from tests.raw import Heard, hear
from tests.wire import BODY, CASES, Case, get, sized

pytestmark = needs_nginx

# An answer to HTTP/0.9 has no head to read; it has a test of its own.
READABLE = [case for case in CASES if case.name != "HTTP/0.9"]


@pytest.fixture(scope="module")
def nginx(shared_gate: RunningGate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """nginx before the gate of this module."""
    with open_nginx(shared_gate.port, tmp_path_factory.mktemp("nginx")) as running:
        yield running


def say(nginx: Nginx, gate: RunningGate, data: bytes) -> Heard:
    """What comes back through nginx for one request."""
    with nginx.connected() as line:
        line.sendall(data.replace(b"@KEY@", gate.key.encode()))
        return hear(line)


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case.name)
def test_what_two_readers_could_read_differently(
    shared_gate: RunningGate, nginx: Nginx, case: Case
) -> None:
    gate = shared_gate
    gate.provider.seen.clear()
    heard = say(nginx, gate, case.data)
    if heard.status == 200:
        assert case.tidied or not case.code
        (seen,) = gate.provider.seen
        assert (seen.path, seen.body) in (("/v1/chat/completions", BODY), ("/v1/models", b""))
    else:
        assert 400 <= heard.status < 600
        assert gate.provider.seen == []
    for _ in range(2):
        follower = say(nginx, gate, get(b"/v1/models"))
        assert (follower.status, json.loads(follower.body)["object"]) == (200, "list")


def test_a_question_without_a_version_is_nobodys(shared_gate: RunningGate, nginx: Nginx) -> None:
    shared_gate.provider.seen.clear()
    with nginx.connected() as line:
        line.sendall(b"GET /v1/models\r\n\r\n")
        said = b"".join(iter(lambda: line.recv(65536), b""))
    assert b"invalid_api_key" in said or b"400 Bad Request" in said
    assert shared_gate.provider.seen == []


def test_connections_to_the_gate_are_kept(shared_gate: RunningGate, nginx: Nginx) -> None:
    """Else nothing above could have been left over on one."""
    connections = shared_gate._server.server.server_state.connections
    for _ in range(3):
        assert say(nginx, shared_gate, sized()).status == 200
        before = set(connections)
    assert say(nginx, shared_gate, get(b"/v1/models")).status == 200
    assert set(connections) <= before


def test_a_stream_is_not_held_back(shared_gate: RunningGate, nginx: Nginx) -> None:
    body = json.dumps(chat("sim-silent", stream=True)).encode()
    with nginx.connected() as line:
        line.sendall(sized(body=body).replace(b"@KEY@", shared_gate.key.encode()))
        line.settimeout(5)
        said = b""
        while said.count(b"data: ") < 2:
            said += line.recv(65536)
    assert b"content-type: text/event-stream" in said.lower()
    assert b"[DONE]" not in said


def test_the_openai_package_works_through_it(shared_gate: RunningGate, nginx: Nginx) -> None:
    with (
        DefaultHttpxClient(verify=nginx.context) as http,
        OpenAI(base_url=f"{nginx.url}/v1", api_key=shared_gate.key, http_client=http) as client,
    ):
        messages: Any = [{"role": "user", "content": "hi"}]
        create = client.chat.completions.create
        parts = list(create(model="gpt-4o", messages=messages, stream=True))
        assert "".join(part.choices[0].delta.content or "" for part in parts)


def test_no_prompt_lies_on_the_disk_of_nginx(shared_gate: RunningGate, nginx: Nginx) -> None:
    """What has come of a body is passed on, whether or not the rest ever comes."""
    bodies = shared_gate.application._gate.bodies
    data = sized(body=b" " * 1_000_000).replace(b"@KEY@", shared_gate.key.encode())
    with nginx.connected() as line:
        line.sendall(data[:-1])
        eventually(lambda: bodies.held > 900_000, seconds=5)
        assert [path for path in (nginx.folder / "body").rglob("*") if path.is_file()] == []
    eventually(lambda: bodies.held == 0, seconds=5)
