"""`langchain-openai` and `langchain-anthropic`, unmodified, against a running gate."""

from typing import Any

import anthropic
import openai
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAIEmbeddings
from pydantic import SecretStr

from tests.gates import RunningGate, with_provider


def model(gate: RunningGate, name: str = "gpt-4o", key: str = "") -> ChatOpenAI:
    return ChatOpenAI(
        base_url=gate.base_url, api_key=SecretStr(key or gate.key), model=name, stream_usage=True
    )


def test_a_call(sqlite_gate: RunningGate) -> None:
    answer = model(sqlite_gate).invoke("hi")
    assert isinstance(answer, AIMessage)
    assert str(answer.content).startswith("This answer")
    assert answer.usage_metadata is not None
    assert sqlite_gate.ending() == "complete"


async def test_a_call_of_asyncio(sqlite_gate: RunningGate) -> None:
    answer = await model(sqlite_gate).ainvoke("hi")
    assert answer.content


def test_a_stream_with_usage(sqlite_gate: RunningGate) -> None:
    chunks = list(model(sqlite_gate).stream("hi"))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert str(whole.content).startswith("This answer")
    assert whole.usage_metadata is not None
    assert sqlite_gate.ending() == "complete"


def look_up(name: str) -> str:
    """Look somebody up."""
    return name


def calls(chat: BaseChatModel, *, stream: bool) -> list[str]:
    """The tools that are called."""
    bound = chat.bind_tools([look_up])
    if not stream:
        answer = bound.invoke("hi")
        assert isinstance(answer, AIMessage)
        return [call["name"] for call in answer.tool_calls]
    whole: Any
    whole, *chunks = bound.stream("hi")
    for chunk in chunks:
        whole += chunk
    assert isinstance(whole, AIMessage)
    return [call["name"] for call in whole.tool_calls]


@pytest.mark.parametrize("stream", [False, True])
def test_tools(sqlite_gate: RunningGate, *, stream: bool) -> None:
    assert calls(model(sqlite_gate), stream=stream) == ["look_up"]
    assert calls(answering(sqlite_gate), stream=stream) == ["look_up"]
    gate = with_provider(sqlite_gate, "anthropic", "sk-ant-1")
    assert calls(claude(gate), stream=stream) == ["look_up"]
    with_provider(gate, "azure", "azure-key")
    assert calls(azure(gate), stream=stream) == ["look_up"]
    assert {fact["ending"] for fact in gate.facts("call.concluded")} == {"complete"}


@pytest.mark.parametrize(
    ("name", "key", "kind"),
    [
        ("o4-mini", "", openai.PermissionDeniedError),
        ("gpt-4o", "sk-1", openai.AuthenticationError),
        ("no such model", "", openai.BadRequestError),
    ],
)
def test_refusals(
    sqlite_gate: RunningGate, name: str, key: str, kind: type[openai.APIStatusError]
) -> None:
    with pytest.raises(kind):
        model(sqlite_gate, name, key).invoke("hi")
    assert sqlite_gate.requests == 1


def answering(gate: RunningGate) -> ChatOpenAI:
    """The same package by responses."""
    key = SecretStr(gate.key)
    return ChatOpenAI(base_url=gate.base_url, api_key=key, model="gpt-4o", use_responses_api=True)


def test_responses_and_embeddings(sqlite_gate: RunningGate) -> None:
    chat = answering(sqlite_gate)
    assert chat.invoke("hi").text.startswith("This answer")
    assert "".join([chunk.text for chunk in chat.stream("hi")]).startswith("This answer")
    embedding = OpenAIEmbeddings(
        base_url=sqlite_gate.base_url,
        api_key=SecretStr(sqlite_gate.key),
        model="gpt-embedding",
        check_embedding_ctx_length=False,
    )
    assert len(embedding.embed_query("hi")) == 4
    operations = [fact["operation"] for fact in sqlite_gate.facts("call.intended")]
    assert operations == ["responses", "responses", "embeddings"]


def azure(gate: RunningGate) -> AzureChatOpenAI:
    return AzureChatOpenAI(
        azure_endpoint=gate.base_url.removesuffix("/v1"),
        azure_deployment="gpt-mine",
        api_version="2024-10-21",
        api_key=SecretStr(gate.key),
    )


def test_azure(sqlite_gate: RunningGate) -> None:
    gate = with_provider(sqlite_gate, "azure", "azure-key")
    assert azure(gate).invoke("hi").text.startswith("This answer")
    assert gate.facts("call.intended")[0]["model"] == "gpt-mine"


def claude(gate: RunningGate, name: str = "claude-opus-5-5") -> ChatAnthropic:
    address = gate.base_url.removesuffix("/v1")
    return ChatAnthropic(  # type: ignore[call-arg]  # its aliases are hidden from the type checker
        base_url=address, api_key=SecretStr(gate.key), model_name=name
    )


def test_anthropic(sqlite_gate: RunningGate) -> None:
    gate = with_provider(sqlite_gate, "anthropic", "sk-ant-1")
    assert claude(gate).invoke("hi").text.startswith("This answer")
    said = "".join([chunk.text for chunk in claude(gate).stream("hi")])
    assert said.startswith("This answer")
    assert {fact["ending"] for fact in gate.facts("call.concluded")} == {"complete"}
    with pytest.raises(anthropic.PermissionDeniedError):
        claude(gate, "o4-mini").invoke("hi")
