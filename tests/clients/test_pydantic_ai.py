"""`pydantic-ai`, unmodified, against a running gate: chat, responses and Anthropic's messages."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from tests.gates import RunningGate, with_provider


class Models:
    """Each model of the framework that speaks to the gate, by its kind."""

    def __init__(self, openai: AsyncOpenAI, anthropic: AsyncAnthropic) -> None:
        self._openai = OpenAIProvider(openai_client=openai)
        self._anthropic = AnthropicProvider(anthropic_client=anthropic)

    def of(self, kind: str, name: str = "") -> Any:
        """A model of that kind."""
        if kind == "messages":
            return AnthropicModel(name or "claude-opus-5-5", provider=self._anthropic)
        made = OpenAIChatModel if kind == "chat" else OpenAIResponsesModel
        return made(name or "gpt-4o", provider=self._openai)


@pytest.fixture
def gate(sqlite_gate: RunningGate) -> RunningGate:
    """A gate with a provider for both dialects."""
    return with_provider(sqlite_gate, "anthropic", "sk-ant-1")


@pytest.fixture
async def models(gate: RunningGate) -> AsyncIterator[Models]:
    """Models whose clients are closed at the end."""
    address = gate.base_url.removesuffix("/v1")
    async with AsyncExitStack() as stack:
        openai = AsyncOpenAI(base_url=gate.base_url, api_key=gate.key)
        anthropic = AsyncAnthropic(base_url=address, api_key=gate.key)
        yield Models(
            await stack.enter_async_context(openai), await stack.enter_async_context(anthropic)
        )


KINDS = pytest.mark.parametrize("kind", ["chat", "responses", "messages"])


@KINDS
async def test_runs_whole_and_streamed_with_a_tool(
    models: Models, gate: RunningGate, kind: str
) -> None:
    agent = Agent(models.of(kind))
    called = []

    @agent.tool_plain
    def look_up() -> str:
        """Look something up."""
        called.append(True)
        return "found"

    result = await agent.run("hi")
    assert result.output.startswith("This answer")
    assert result.usage.output_tokens > 0
    async with agent.run_stream("hi") as streamed:
        assert (await streamed.get_output()).startswith("This answer")
    assert called == [True, True]
    outcomes = gate.facts("call.concluded")
    assert [fact["ending"] for fact in outcomes] == ["complete"] * 4


@KINDS
async def test_a_refusal(models: Models, gate: RunningGate, kind: str) -> None:
    with pytest.raises(ModelHTTPError) as caught:
        await Agent(models.of(kind, "o4-mini")).run("hi")
    assert caught.value.status_code == 403
    assert gate.requests == 1
