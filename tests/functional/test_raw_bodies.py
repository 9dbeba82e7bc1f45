"""What all bodies take together is bounded, and given back however a call ends."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Thread

import httpx
import pytest
from msgspec.structs import replace

from gatebook.gateway.settings import MemorySettings
from gatebook.storage.database import open_database
from tests.gates import SETTINGS, RunningGate, chat, error_of, eventually, open_running_gate
from tests.raw import connected, head, hear, request, say
from tests.simulators.stores import Fault

LIMIT = 1024 * 1024
REPLY = 64 * 1024
PART = b" " * 100_000


@pytest.fixture
def small_gate(sqlite_url: str) -> Iterator[RunningGate]:
    """A gate that holds a megabyte of all requests together."""
    database = open_database(sqlite_url)
    settings = replace(SETTINGS, body_limit_bytes=LIMIT // 2, reply_limit_bytes=REPLY)
    memory = MemorySettings(bodies_limit_bytes=LIMIT + REPLY)
    with open_running_gate(database, settings=settings, memory=memory) as gate:
        yield gate
    database.close()


def held(gate: RunningGate) -> int:
    return gate.application._gate.bodies.held


def begin(gate: RunningGate, stack: ExitStack) -> None:
    """Send a part of a body and leave the rest open."""
    line = stack.enter_context(connected(gate))
    line.sendall(head(gate, b"Content-Length: %d" % (LIMIT // 2)) + PART)


def leave_early(gate: RunningGate) -> None:
    with ExitStack() as stack:
        begin(gate, stack)
        eventually(lambda: held(gate) == len(PART))


def send_too_much(gate: RunningGate) -> None:
    with connected(gate) as line:
        line.sendall(head(gate, b"Transfer-Encoding: chunked"))
        for _ in range(6):
            line.sendall(b"%x\r\n%b\r\n" % (len(PART), PART))
        assert hear(line).code == "body_too_large"


def hang_up(gate: RunningGate) -> None:
    with connected(gate) as line:
        body = b'{"model":"sim-slow-30","messages":[]}'
        line.sendall(request(gate, body=body))
        eventually(lambda: len(gate.provider.seen) == 1)
        assert held(gate) == len(body)


def lose_the_outcome(gate: RunningGate) -> None:
    assert gate.ask().status_code == 200
    gate.store.faults = [None, Fault.COMMIT]
    assert gate.ask().status_code == 503


@pytest.mark.parametrize(
    "end",
    [
        lambda gate: gate.ask(),
        lambda gate: gate.ask(chat(stream=True)),
        lambda gate: gate.ask(chat("o4-mini")),
        lambda gate: gate.ask(b"{"),
        lambda gate: gate.ask(chat("sim-cut", stream=True)),
        lambda gate: gate.ask(chat(), Authorization="Bearer sk-1"),
        leave_early,
        send_too_much,
        hang_up,
        lose_the_outcome,
    ],
)
def test_however_a_call_ends_its_body_is_no_longer_held(
    small_gate: RunningGate, end: Callable[[RunningGate], object]
) -> None:
    end(small_gate)
    eventually(lambda: held(small_gate) == 0, seconds=5)


def test_a_reply_for_which_there_is_no_room_is_withheld_and_on_record(
    small_gate: RunningGate,
) -> None:
    """The agent is not told to try again what was executed."""
    answers: list[httpx.Response] = []
    bodies = small_gate.application._gate.bodies
    limit = bodies.limit
    caller = Thread(target=lambda: answers.append(small_gate.ask(chat("sim-slow-1"))))
    caller.start()
    eventually(lambda: len(small_gate.provider.seen) == 1)
    bodies.limit = bodies.held + 10
    caller.join()
    bodies.limit = limit
    (answer,) = answers
    assert error_of(answer) == (503, "server_error", "reply_not_held")
    assert answer.headers["x-should-retry"] == "false"
    assert small_gate.ending() == "too_large"
    eventually(lambda: held(small_gate) == 0)


def test_a_call_that_is_cut_at_shutdown_holds_nothing(small_gate: RunningGate) -> None:
    def call() -> None:
        with pytest.raises(httpx.HTTPError):
            small_gate.ask(chat("sim-slow-30")).raise_for_status()

    caller = Thread(target=call)
    caller.start()
    eventually(lambda: len(small_gate.provider.seen) == 1)
    assert held(small_gate) > 0
    small_gate.stop_serving()
    caller.join()
    assert held(small_gate) == 0


def test_many_that_each_send_a_part_are_cut_off_at_the_bound(small_gate: RunningGate) -> None:
    """Those that are there stay, whoever comes on top is told to come again, on record."""
    fits = LIMIT // len(PART)
    with ExitStack() as stack:
        for _ in range(fits):
            begin(small_gate, stack)
        eventually(lambda: held(small_gate) == fits * len(PART))
        for _ in range(5):
            with connected(small_gate) as line:
                line.sendall(head(small_gate, b"Content-Length: %d" % (LIMIT // 2)) + PART)
                heard = hear(line)
            assert (heard.status, heard.code) == (503, "gate_busy")
            assert heard.headers["retry-after"] == "1"
            assert heard.headers["x-should-retry"] == "true"
            assert held(small_gate) <= LIMIT
        assert say(small_gate, head(small_gate, line=b"GET /v1/models")).status == 200
    eventually(lambda: held(small_gate) == 0, seconds=5)
    assert small_gate.ask().status_code == 200
    (refusal,) = small_gate.facts("call.refused")
    assert (refusal["code"], refusal["operation"]) == ("gate_busy", "chat.completions")
    small_gate.stop_serving()
    assert [fact.get("count", 1) for fact in small_gate.facts("call.refused")] == [1, 4]
    assert len(small_gate.provider.seen) == 2


def test_a_stranger_is_told_nothing_of_the_room_there_is(small_gate: RunningGate) -> None:
    with ExitStack() as stack:
        for _ in range(LIMIT // len(PART)):
            begin(small_gate, stack)
        eventually(lambda: LIMIT - held(small_gate) < len(PART))
        body = b" " * (60 * 1024)
        refused = small_gate.ask(body, Authorization="Bearer sk-1")
        assert refused.json()["error"]["code"] == "invalid_api_key"
