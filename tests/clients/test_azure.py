"""`AzureOpenAI` of the unmodified `openai` package against a running gate.

Its endpoint is the gate, its key that of the agent; the deployment is the model.
"""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import AzureOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from tests.gates import RunningGate, with_provider

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
CREDENTIAL = "azure-key-0123456789"
VERSION = "2024-10-21"


@pytest.fixture
def gate(sqlite_gate: RunningGate) -> RunningGate:
    """A gate with a provider for this dialect."""
    return with_provider(sqlite_gate, "azure", CREDENTIAL)


@pytest.fixture
def client(gate: RunningGate) -> Iterator[AzureOpenAI]:
    """The package as its documentation sets it up."""
    endpoint = gate.base_url.removesuffix("/v1")
    with AzureOpenAI(azure_endpoint=endpoint, api_key=gate.key, api_version=VERSION) as opened:
        yield opened


def test_a_call_goes_to_the_deployment_with_our_credential(
    client: AzureOpenAI, gate: RunningGate
) -> None:
    completion = client.chat.completions.create(model="gpt-mine", messages=HI)
    assert completion.choices[0].message.content
    (intent,) = gate.events("call.intended")
    assert completion._request_id == f"{intent.header['sid']}.{intent.sq}"
    assert (intent.header["d"]["model"], intent.header["d"]["operation"]) == (
        "gpt-mine",
        "chat.completions",
    )
    (seen,) = gate.provider.seen
    assert seen.path == "/openai/deployments/gpt-mine/chat/completions"
    assert seen.query == f"api-version={VERSION}"
    assert seen.headers["api-key"] == CREDENTIAL
    assert gate.key not in str(seen)


def test_each_operation(client: AzureOpenAI, gate: RunningGate) -> None:
    stream = client.chat.completions.create(model="gpt-mine", messages=HI, stream=True)
    assert list(stream)[-1].choices[0].finish_reason == "stop"
    assert client.embeddings.create(model="gpt-mine", input="a").data
    assert client.completions.create(model="gpt-mine", prompt="a").choices
    assert client.images.generate(model="gpt-mine", prompt="a cat").data
    assert client.responses.create(model="gpt-mine", input="hi").output_text
    events = list(client.responses.create(model="gpt-mine", input="hi", stream=True))
    assert events[-1].type == "response.completed"
    assert [model.id for model in client.models.list()] == ["gpt-4o", "gpt-4o-mini"]
    assert {fact["ending"] for fact in gate.facts("call.concluded")} == {"complete"}
    assert {seen.headers["api-key"] for seen in gate.provider.seen} == {CREDENTIAL}


def test_tools(client: AzureOpenAI) -> None:
    tools: list[ChatCompletionToolParam] = [
        {"type": "function", "function": {"name": "look_up", "parameters": {}}}
    ]
    whole = client.chat.completions.create(model="gpt-mine", messages=HI, tools=tools)
    with client.chat.completions.stream(model="gpt-mine", messages=HI, tools=tools) as stream:
        streamed = stream.get_final_completion()
    for message in (whole.choices[0].message, streamed.choices[0].message):
        assert message.tool_calls is not None
        (call,) = message.tool_calls
        told: Any = call.to_dict()["function"]
        assert (told["name"], told["arguments"]) == ("look_up", "{}")


def test_the_newer_addresses_take_the_plain_client(gate: RunningGate) -> None:
    base_url = f"{gate.base_url.removesuffix('/v1')}/openai/v1/"
    with OpenAI(base_url=base_url, api_key=gate.key) as client:
        assert client.chat.completions.create(model="gpt-mine", messages=HI).choices
        assert client.responses.create(model="gpt-mine", input="hi").output_text
    paths = [seen.path for seen in gate.provider.seen]
    assert paths == ["/openai/v1/chat/completions", "/openai/v1/responses"]


def test_refusals(client: AzureOpenAI, gate: RunningGate) -> None:
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.chat.completions.create(model="o4-mini", messages=HI)
    assert refused.value.code == "model_not_allowed"
    with pytest.raises(openai.BadRequestError) as closed:
        client.files.list()
    assert closed.value.code == "account_wide"
    with pytest.raises(openai.BadRequestError) as opaque:
        client.audio.speech.create(model="gpt-mine", voice="alloy", input="x")
    assert opaque.value.code == "not_inspectable"
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="sk-1").chat.completions.create(model="gpt-mine", messages=HI)
    assert gate.requests == 4
    assert gate.provider.seen == []
