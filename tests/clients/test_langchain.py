"""`langchain-openai`, unmodified, against a running gate."""

import openai
import pytest
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.gates import RunningGate


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
