"""What a vendor says it wrote, and not what the gate says of it, is held to the limits.

The vendor here keeps a tally of its own: every token it hands over, as it does so. A gate that does
not pass its own limit on, or that overlooks what it cannot see, is caught by it.
"""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import msgspec
import pytest

from gatebook.core.errors import Invalid
from gatebook.storage.database import open_database
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.problem import Answer, problem
from gatebook.web.server import Edge, server_config
from tests.functional.test_limits import bind, used
from tests.gates import RunningGate, ServerThread, chat, eventually, open_running_gate

WORDY = 400
"""Tokens of an answer that nobody limits."""
TOLD = "word "
_JSON = (b"content-type", b"application/json")


class Tally:
    """A vendor of chat completions that counts what it reads and writes; one word is one token."""

    def __init__(self) -> None:
        self.read = 0
        self.wrote = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            for name in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{name}.complete"})
            return
        exchange = Exchange(scope, receive, send)
        task = asyncio.current_task()
        exchange.connection.hang_up = task.cancel if task else None
        try:
            await self._answer(exchange)
        except asyncio.CancelledError:
            pass  # the gate has left, and nothing more is written
        finally:
            exchange.connection.hang_up = None

    async def _answer(self, exchange: Exchange) -> None:
        if exchange.method != "POST":
            await exchange.answer(Answer(200, [_JSON], b'{"object":"list","data":[]}'))
            return
        asked = json.loads(await exchange.body(65536, Invalid("too_large", "Too large.")))
        said = sum(len(message["content"].split()) for message in asked["messages"])
        most = min(WORDY, asked.get("max_tokens") or WORDY)
        choices = asked.get("n") or 1
        self.read += said
        usage = {"prompt_tokens": said, "completion_tokens": most * choices}
        if asked.get("stream"):
            await self._stream(
                exchange, most, choices, None if "hides" in asked["model"] else usage
            )
            return
        self.wrote += most * choices
        message = {"role": "assistant", "content": TOLD * most}
        whole = {
            "choices": [
                {"index": at, "message": message, "finish_reason": "length"}
                for at in range(choices)
            ],
            "usage": usage,
        }
        await exchange.answer(Answer(200, [_JSON], msgspec.json.encode(whole)))

    async def _stream(
        self, exchange: Exchange, most: int, choices: int, usage: dict[str, int] | None
    ) -> None:
        await exchange.begin(200, [(b"content-type", b"text/event-stream")])
        for number in range(most):
            for at in range(choices):
                choice = {"index": at, "delta": {"content": TOLD}, "finish_reason": None}
                await exchange.send(_event({"choices": [choice]}))
                self.wrote += 1
            if number > 5:
                await asyncio.sleep(0.005)  # as fast as a fast model
        ends = [{"index": at, "delta": {}, "finish_reason": "stop"} for at in range(choices)]
        await exchange.send(_event({"choices": ends}))
        if usage:
            await exchange.send(_event({"choices": [], "usage": usage}))
        await exchange.send(b"data: [DONE]\n\n", more=False)


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


@pytest.fixture
def tally() -> Tally:
    """The vendor."""
    return Tally()


@pytest.fixture
def gate(sqlite_url: str, tally: Tally) -> Iterator[RunningGate]:
    """A gate before that vendor alone."""
    edge = Edge(connections=100, head_seconds=10, body_seconds=10, refusal=problem)
    server = ServerThread(server_config(tally, host="", port=0, edge=edge, drain_seconds=1))
    with (
        closing(open_database(sqlite_url)) as database,
        open_running_gate(database, provider_url=f"{server.url}/v1") as running,
    ):
        yield running
    server.stop()


def ask(gate: RunningGate, number: int) -> int:
    """One of several kinds of calls: whole, streamed, cut, of two choices, without a limit."""
    kinds: list[dict[str, Any]] = [
        {"max_tokens": 30},
        {"max_tokens": 20, "n": 2},
        {"stream": True, "max_tokens": 40},
        {"stream": True, "model": "gpt-hides", "max_tokens": 50},
        {"stream": True, "max_tokens": 300},
        {"stream": True, "model": "gpt-hides", "max_tokens": 300, "n": 2},
        {},
    ]
    fields = kinds[number % len(kinds)]
    leaves = fields.get("max_tokens", 0) == 300
    url = f"{gate.base_url}/chat/completions"
    headers = {"Authorization": f"Bearer {gate.key}"}
    body = chat(**fields)
    with httpx.stream("POST", url, json=body, headers=headers, timeout=30) as answer:
        for got, _ in enumerate(answer.iter_lines()):
            if leaves and got > 20:
                break
        return answer.status_code


def test_what_was_written_is_charged_and_within_the_limit(gate: RunningGate, tally: Tally) -> None:
    limit_tokens, limit_micros = 60_000, 200_000
    tokens, money = bind(gate, f"{limit_tokens}tokens/day", f"{limit_micros / 1e6:.6f}usd/month")
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda number: ask(gate, number), range(70)))
    assert {200, 429} == set(statuses)  # the limit was reached, or this shows nothing
    admitted = statuses.count(200)
    eventually(lambda: len(gate.facts("call.concluded")) == admitted)
    outcomes = gate.facts("call.concluded")
    eventually(lambda: used(gate, tokens) == sum(outcome["charged_tokens"] for outcome in outcomes))
    really = tally.read + tally.wrote
    assert really <= used(gate, tokens) <= limit_tokens
    assert tally.read + 2 * tally.wrote <= used(gate, money) <= limit_micros


@pytest.mark.parametrize(
    "fields",
    [
        {"max_tokens": 30},
        {"max_tokens": 20, "n": 2},
        {"stream": True, "max_tokens": 40},
        {"stream": True, "n": 2, "max_tokens": 10},
    ],
)
def test_a_call_that_comes_to_its_end_is_charged_exactly_that(
    gate: RunningGate, tally: Tally, fields: dict[str, Any]
) -> None:
    bind(gate, "100000tokens/day")
    gate.ask(chat(**fields))
    (outcome,) = gate.facts("call.concluded")
    assert outcome["charged_tokens"] == tally.read + tally.wrote
    assert outcome["tokens_out"] == tally.wrote


def test_a_call_that_names_no_limit_writes_no_more_than_was_set_aside(
    gate: RunningGate, tally: Tally
) -> None:
    bind(gate, "100000tokens/day")
    gate.office.order("rescope_agent", agent="bot", max_tokens="25")
    revision = gate.office.directory.revision
    snapshots = gate.application._gate.snapshots
    eventually(lambda: snapshots.current().directory.revision >= revision)
    gate.ask(chat())
    (intent,) = gate.facts("call.intended")
    assert tally.wrote == 25 <= intent["reserved_tokens"]
