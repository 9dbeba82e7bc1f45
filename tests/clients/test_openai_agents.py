"""`openai-agents`, unmodified, with both of its models of OpenAI against a running gate."""

from collections.abc import AsyncIterator, Callable

import openai
import pytest
from agents import (
    Agent,
    Model,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

from tests.gates import RunningGate


@pytest.fixture
async def client(sqlite_gate: RunningGate) -> AsyncIterator[AsyncOpenAI]:
    """The client the agents speak through; their traces go nowhere."""
    set_tracing_disabled(disabled=True)
    async with AsyncOpenAI(base_url=sqlite_gate.base_url, api_key=sqlite_gate.key) as opened:
        yield opened


MODELS = pytest.mark.parametrize("kind", [OpenAIResponsesModel, OpenAIChatCompletionsModel])


@function_tool
def look_up() -> str:
    """Look something up."""
    return "found"


def agent(client: AsyncOpenAI, kind: Callable[..., Model], name: str = "gpt-4o") -> Agent[None]:
    model = kind(model=name, openai_client=client)
    return Agent(name="clerk", instructions="Answer.", model=model, tools=[look_up])


@MODELS
async def test_a_run_with_a_tool(
    client: AsyncOpenAI, sqlite_gate: RunningGate, kind: Callable[..., Model]
) -> None:
    result = await Runner.run(agent(client, kind), "hi")
    assert str(result.final_output).startswith("This answer")
    assert "ToolCallOutputItem" in {type(item).__name__ for item in result.new_items}
    endings = [fact["ending"] for fact in sqlite_gate.facts("call.concluded")]
    assert endings == ["complete", "complete"]


@MODELS
async def test_a_streamed_run_with_a_tool(
    client: AsyncOpenAI, sqlite_gate: RunningGate, kind: Callable[..., Model]
) -> None:
    result = Runner.run_streamed(agent(client, kind), "hi")
    kinds = {event.type async for event in result.stream_events()}
    assert "raw_response_event" in kinds
    assert str(result.final_output).startswith("This answer")
    endings = [fact["ending"] for fact in sqlite_gate.facts("call.concluded")]
    assert endings == ["complete", "complete"]


@MODELS
async def test_a_refusal(
    client: AsyncOpenAI, sqlite_gate: RunningGate, kind: Callable[..., Model]
) -> None:
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await Runner.run(agent(client, kind, "o4-mini"), "hi")
    assert caught.value.code == "model_not_allowed"
    assert sqlite_gate.requests == 1
