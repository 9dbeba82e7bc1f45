"""`openai-agents`, unmodified, with its Chat Completions model against a running gate."""

from collections.abc import AsyncIterator

import openai
import pytest
from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from openai import AsyncOpenAI

from tests.gates import RunningGate


@pytest.fixture
async def client(sqlite_gate: RunningGate) -> AsyncIterator[AsyncOpenAI]:
    """The client the agents speak through; their traces go nowhere."""
    set_tracing_disabled(disabled=True)
    async with AsyncOpenAI(base_url=sqlite_gate.base_url, api_key=sqlite_gate.key) as opened:
        yield opened


def agent(client: AsyncOpenAI, name: str = "gpt-4o") -> Agent[None]:
    return Agent(
        name="clerk",
        instructions="Answer.",
        model=OpenAIChatCompletionsModel(model=name, openai_client=client),
    )


async def test_a_run(client: AsyncOpenAI, sqlite_gate: RunningGate) -> None:
    result = await Runner.run(agent(client), "hi")
    assert str(result.final_output).startswith("This answer")
    assert sqlite_gate.ending() == "complete"


async def test_a_streamed_run(client: AsyncOpenAI, sqlite_gate: RunningGate) -> None:
    result = Runner.run_streamed(agent(client), "hi")
    kinds = {event.type async for event in result.stream_events()}
    assert "raw_response_event" in kinds
    assert str(result.final_output).startswith("This answer")
    assert sqlite_gate.ending() == "complete"


async def test_a_refusal(client: AsyncOpenAI, sqlite_gate: RunningGate) -> None:
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await Runner.run(agent(client, "o4-mini"), "hi")
    assert caught.value.code == "model_not_allowed"
    assert sqlite_gate.requests == 1
