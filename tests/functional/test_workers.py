"""Several gateways on one address: real processes, real signals, one book."""

import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gates import chat
from tests.paced import PacedProvider
from tests.served import ORDER, Served, Start
from tests.servers import serving

CREW = [*ORDER, "gateway.2"]
WHO = ("--owner", "alice@example.com", "--purpose", "answers mail", "--model", "*")


@pytest.fixture
def provider() -> PacedProvider:
    """The vendor's application."""
    return PacedProvider()


@pytest.fixture
def vendor(provider: PacedProvider) -> Iterator[str]:
    """Its address."""
    with serving(provider) as port:
        yield f"http://127.0.0.1:{port}/v1"
        provider.end.set()


Begin = Callable[..., "tuple[Served, Agent]"]


class Agent:
    """An agent of a running installation."""

    def __init__(self, served: Served, vendor: str) -> None:
        key = served.gatebook("agent", "enroll", "mailer", *WHO)["key"]
        secret = served.data.parent / "vendor.key"
        secret.write_text("sk-vendor")
        place = ("--key-file", str(secret), "--base-url", vendor)
        served.gatebook("provider", "add", "vendor", *place)
        host, port = served.address("gateway")
        self.url = f"http://{host}:{port}/v1/chat/completions"
        self.headers = {"Authorization": f"Bearer {key}"}
        served.wait(lambda: self.ask().status_code == 200)

    def ask(self, **fields: Any) -> httpx.Response:
        """A call on a connection of its own."""
        return httpx.post(self.url, json=chat(**fields), headers=self.headers, timeout=30)

    def ask_until(self, served: Served, streams: int) -> None:
        """Make calls until so many gateways have recorded one of them."""
        seen: set[str] = set()

        def asked() -> bool:
            answer = self.ask()
            assert answer.status_code == 200
            seen.add(answer.headers["x-request-id"].partition(".")[0])
            return len(seen) == streams

        served.wait(asked)

    def stream(self) -> "Streaming":
        """A stream that has begun and goes on."""
        return Streaming(self)


class Streaming:
    """A stream as its reader sees it, in a thread."""

    def __init__(self, agent: Agent) -> None:
        self.text = ""
        self._has_begun = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(agent,))
        self._thread.start()
        assert self._has_begun.wait(20)

    def _read(self, agent: Agent) -> None:
        body = chat("sim-paced", stream=True)
        with httpx.stream(
            "POST", agent.url, json=body, headers=agent.headers, timeout=60
        ) as response:
            for text in response.iter_text():
                self.text += text
                self._has_begun.set()

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    def whole(self) -> str:
        """All of it, once it has ended."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.text


def verified(served: Served, folder: Path) -> dict[str, list[str]]:
    """What the verifier says of every stream, by its writer, once the log is seen to hold."""
    served.gatebook("log", "export", str(folder))
    report = served.gatebook("verify", str(folder), "--full")  # fails unless the log holds
    found: dict[str, list[str]] = {}
    for stream in report["streams"]:
        found.setdefault(stream["writer"], []).append(stream["verdict"])
    return found


def verdicts(served: Served, folder: Path) -> list[str]:
    """What the verifier says of the streams of gateways."""
    found = verified(served, folder)
    return [each for name in found if name.startswith("gateway") for each in found[name]]


@pytest.fixture
def begin(start: Start, vendor: str) -> Begin:
    """Starts an installation, and an agent of it."""

    def started(count: int = 2, **settings: object) -> tuple[Served, Agent]:
        served = start(WORKERS_COUNT=count, **settings)
        served.wait(lambda: len(served.ready()) == len(ORDER) - 1 + count)
        return served, Agent(served, vendor)

    return started


def told(served: Served, folder: Path, text: str) -> None:
    """Write the settings and have them read."""
    (folder / "gatebook.toml").write_text(text)
    served.process.send_signal(signal.SIGHUP)


def test_two_gateways_answer_and_each_writes_a_stream_of_its_own(
    begin: Begin, tmp_path: Path
) -> None:
    served, agent = begin()
    agent.ask_until(served, streams=2)
    one, two = served.lines("status")
    assert [one["gateway"], two["gateway"]] == ["gateway", "gateway.2"]
    assert {one["state"], two["state"]} == {"serving"}
    children = served.children()
    assert (one["pid"], two["pid"]) == (children["gateway"], children["gateway.2"])
    served.wait(lambda: [each["behind"] for each in served.lines("status")] == [0, 0])
    assert served.end() == 0
    assert served.lines("status") == []
    found = verified(served, tmp_path / "book")
    assert found["gateway"] == found["gateway.2"] == ["complete"]


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_one_that_is_killed_is_started_again_and_nobody_is_refused_meanwhile(
    begin: Begin, tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    settings = {}
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql_url")
        settings["STORAGE_URL"] = url.replace(":@", "@")  # no password, not even none
    served, agent = begin(**settings)
    agent.ask_until(served, streams=2)
    before = served.children()
    os.kill(before["gateway.2"], signal.SIGKILL)
    answered = 0
    while len(served.ready()) == len(CREW):
        assert agent.ask().status_code == 200
        answered += 1
    assert answered > 0
    agent.ask_until(served, streams=2)
    after = served.children()
    assert after.pop("gateway.2") != before.pop("gateway.2")
    assert after == before
    assert served.end() == 0
    found = verified(served, tmp_path / "book")
    assert found["gateway"] == ["complete"]
    assert found["gateway.2"] == ["interrupted", "complete"]


@pytest.mark.long
def test_new_settings_are_in_force_for_new_calls_and_a_stream_goes_on_to_its_end(
    begin: Begin, provider: PacedProvider, tmp_path: Path
) -> None:
    served, agent = begin()
    agent.ask_until(served, streams=2)
    stream = agent.stream()
    before = served.children()
    told(served, tmp_path, "[gateway]\nbody_limit_bytes = 1024\n")
    large = {"messages": [{"role": "user", "content": "much " * 400}]}
    assert agent.ask(**large).status_code == 200
    served.wait(lambda: "the settings are in force" in served.said)
    assert served.ready()[-2:] != CREW[-2:]
    served.wait(lambda: agent.ask(**large).status_code == 413)
    for _ in range(6):
        assert agent.ask(**large).status_code == 413
    agent.ask_until(served, streams=2)
    states = {each["gateway"]: each["state"] for each in served.lines("status")}
    assert states.pop("gateway.3") == states.pop("gateway.4") == "serving"
    assert set(states.values()) == {"draining"}
    assert stream.goes_on
    provider.end.set()
    assert stream.whole().endswith("data: [DONE]\n\n")
    served.wait(lambda: served.said.count(" ended\n") == 2)  # and their names are free again
    assert set(served.children()) == {*ORDER[:2], "gateway.3", "gateway.4"}
    told(served, tmp_path, "[workers]\ncount = 1\n")  # the environment says 2, and wins
    served.wait(lambda: served.said.count("the settings are in force") == 2)
    served.wait(lambda: agent.ask(**large).status_code == 200)
    served.wait(lambda: set(served.children()) == {*CREW})
    assert before.keys() == served.children().keys()
    assert served.end() == 0
    assert "Traceback" not in served.said
    found = verified(served, tmp_path / "book")
    assert {each for verdicts in found.values() for each in verdicts} == {"complete"}
    assert {"gateway", "gateway.2", "gateway.3", "gateway.4"} <= {*found}


@pytest.mark.long
def test_settings_that_are_wrong_or_do_not_work_leave_everything_as_it_is(
    begin: Begin, tmp_path: Path
) -> None:
    served, agent = begin()
    before = served.children()
    told(served, tmp_path, "[gateway]\nprot = 1\n")
    served.wait(lambda: "the settings are not taken: There is no setting prot" in served.said)
    told(served, tmp_path, "[keys]\nkek_file = '/nowhere'\n")
    served.wait(lambda: "the settings are not taken: gateway." in served.said)
    assert "/nowhere cannot be read" in served.said
    served.wait(lambda: set(served.children()) == {*CREW})
    assert served.children() == before
    assert agent.ask().status_code == 200
    assert served.end() == 0


@pytest.mark.long
def test_what_ends_in_time_is_whole_at_the_end(
    begin: Begin, provider: PacedProvider, tmp_path: Path
) -> None:
    served, agent = begin(GATEWAY_DRAIN_SECONDS=20)
    stream = agent.stream()
    served.process.send_signal(signal.SIGTERM)
    served.wait(lambda: "stopping" in served.said)
    refused = False
    while not refused:
        try:
            agent.ask()
        except httpx.TransportError:
            refused = True
    assert stream.goes_on
    provider.end.set()
    assert stream.whole().endswith("data: [DONE]\n\n")
    assert served.process.wait(20) == 0
    assert set(verdicts(served, tmp_path / "book")) == {"complete"}


@pytest.mark.long
def test_what_does_not_end_in_time_is_cut_in_its_dialect_and_recorded(
    begin: Begin, tmp_path: Path
) -> None:
    served, agent = begin(GATEWAY_DRAIN_SECONDS=1)
    stream = agent.stream()
    assert served.end() == 0
    *_, last, end = stream.whole().split("\n\n")
    assert end == ""
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "gateway_stopped"
    assert "Traceback" not in served.said
    lines = served.lines("log", "tail", "-n", "100")
    endings = [line["data"]["ending"] for line in lines if line["event"] == "call.concluded"]
    assert endings.count("gateway_stopped") == 1
    assert set(verdicts(served, tmp_path / "book")) == {"complete"}


@pytest.mark.long
def test_gateways_of_two_machines_need_names_of_their_own(
    begin: Begin, start: Start, postgresql_url: str, tmp_path: Path
) -> None:
    """The other machine has a data folder of its own, with the keys of this one."""
    url = postgresql_url.replace(":@", "@")
    served, agent = begin(1, STORAGE_URL=url, LEDGER_CHECKPOINT_SECONDS=1)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(served.data / "keys", elsewhere / "keys")
    elsewhere.chmod(0o700)
    there = {
        "STORAGE_URL": url,
        "NOTARY_ADDRESS": f"unix:{served.data}/notary/socket",
        "LEDGER_CHECKPOINT_SECONDS": 1,
    }
    same = start("gateway", data="elsewhere", **there)
    same.wait(lambda: "Another gateway runs as gateway on this database" in same.said)
    assert same.ready() == []
    other = start("gateway", data="elsewhere", WORKERS_NAME="gw-b", **there)
    other.wait(lambda: other.ready() == ["gw-b"])
    host, port = other.address("gw-b")
    url = f"http://{host}:{port}/v1/chat/completions"
    answer = httpx.post(url, json=chat(), headers=agent.headers)
    assert answer.status_code == 200
    names = [each["gateway"] for each in served.lines("status")]
    assert names == ["gateway", "gw-b"]
    assert other.end() == 0
    assert same.end() == 0
    assert served.end() == 0
    found = verified(served, tmp_path / "book")
    assert found["gw-b"] == ["complete"]
