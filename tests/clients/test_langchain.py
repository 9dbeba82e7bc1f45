"""`langchain-openai` and `langchain-anthropic`, unmodified, against a running gate."""

import anthropic
import openai
import pytest
from langchain_anthropic import ChatAnthropic
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


def test_tools(sqlite_gate: RunningGate) -> None:
    def look_up(name: str) -> str:
        """Look somebody up."""
        return name

    answer = model(sqlite_gate).bind_tools([look_up]).invoke("hi")
    assert isinstance(answer, AIMessage)
    assert [call["name"] for call in answer.tool_calls] == ["look_up"]


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


def test_responses_and_embeddings(sqlite_gate: RunningGate) -> None:
    key = SecretStr(sqlite_gate.key)
    answering = ChatOpenAI(
        base_url=sqlite_gate.base_url, api_key=key, model="gpt-4o", use_responses_api=True
    )
    assert answering.invoke("hi").text.startswith("This answer")
    assert "".join([chunk.text for chunk in answering.stream("hi")]).startswith("This answer")
    embedding = OpenAIEmbeddings(
        base_url=sqlite_gate.base_url,
        api_key=key,
        model="gpt-embedding",
        check_embedding_ctx_length=False,
    )
    assert len(embedding.embed_query("hi")) == 4
    operations = [fact["operation"] for fact in sqlite_gate.facts("call.intended")]
    assert operations == ["responses", "responses", "embeddings"]


def test_azure(sqlite_gate: RunningGate) -> None:
    gate = with_provider(sqlite_gate, "azure", "azure-key")
    azure = AzureChatOpenAI(
        azure_endpoint=gate.base_url.removesuffix("/v1"),
        azure_deployment="gpt-mine",
        api_version="2024-10-21",
        api_key=SecretStr(gate.key),
    )
    assert azure.invoke("hi").text.startswith("This answer")
    assert gate.facts("call.intended")[0]["model"] == "gpt-mine"


def claude(gate: RunningGate, name: str = "claude-opus-5-5") -> ChatAnthropic:
    address = gate.base_url.removesuffix("/v1")
    return ChatAnthropic(  # type: ignore[call-arg]  # its aliases are hidden from the type checker
        base_url=address, api_key=SecretStr(gate.key), model_name=name
    )


def test_anthropic(sqlite_gate: RunningGate) -> None:
    gate = with_provider(sqlite_gate, "anthropic", "sk-ant-1")

    def look_up(name: str) -> str:
        """Look somebody up."""
        return name

    assert claude(gate).invoke("hi").text.startswith("This answer")
    said = "".join([chunk.text for chunk in claude(gate).stream("hi")])
    assert said.startswith("This answer")
    called = claude(gate).bind_tools([look_up]).invoke("hi")
    assert isinstance(called, AIMessage)
    assert [call["name"] for call in called.tool_calls] == ["look_up"]
    assert {fact["ending"] for fact in gate.facts("call.concluded")} == {"complete"}
    with pytest.raises(anthropic.PermissionDeniedError):
        claude(gate, "o4-mini").invoke("hi")
