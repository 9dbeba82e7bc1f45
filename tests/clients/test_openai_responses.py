"""Responses by the unmodified `openai` package against a running gate, whole and streamed."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.responses import FunctionToolParam

from tests.gates import RunningGate

FUNCTION: FunctionToolParam = {
    "type": "function",
    "name": "look_up",
    "parameters": {"type": "object", "properties": {}},
    "strict": False,
}


@pytest.fixture
def client(sqlite_gate: RunningGate) -> Iterator[OpenAI]:
    """The package as its documentation sets it up."""
    with OpenAI(base_url=sqlite_gate.base_url, api_key=sqlite_gate.key) as opened:
        yield opened


def test_a_response_is_recorded_with_its_tokens(client: OpenAI, sqlite_gate: RunningGate) -> None:
    response = client.responses.create(
        model="gpt-4o", input="hi", store=False, extra_body={"brand_new": 1.5}
    )
    assert response.output_text.startswith("This answer")
    (intent,) = sqlite_gate.events("call.intended")
    assert response._request_id == f"{intent.header['sid']}.{intent.sq}"
    assert intent.header["d"]["operation"] == "responses"
    (outcome,) = sqlite_gate.facts("call.concluded")
    assert response.usage is not None
    assert outcome["tokens_in"] == response.usage.input_tokens
    assert outcome["tokens_out"] == response.usage.output_tokens
    assert "delivered" not in outcome  # every byte as it came
    assert b'"brand_new":1.5' in sqlite_gate.provider.seen[0].body


def test_a_function_is_called_and_its_answer_given(client: OpenAI) -> None:
    said: list[Any] = [{"role": "user", "content": "hi"}]
    (call,) = client.responses.create(model="gpt-4o", input=said, tools=[FUNCTION]).output
    assert call.type == "function_call"
    answer = {"type": "function_call_output", "call_id": call.call_id, "output": "x"}
    said += [call.to_dict(), answer]
    final = client.responses.create(model="gpt-4o", input=said, tools=[FUNCTION])
    assert final.output_text.startswith("This answer")


def test_a_stream_passes_every_event_and_its_usage_is_recorded(
    client: OpenAI, sqlite_gate: RunningGate
) -> None:
    events = list(
        client.responses.create(
            model="gpt-4o",
            input="hi",
            tools=[FUNCTION, {"type": "web_search"}],
            tool_choice="none",
            reasoning={"effort": "low"},
            stream=True,
        )
    )
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = {event.type for event in events}
    assert "response.reasoning_summary_text.delta" in kinds
    assert "response.web_search_call.searching" in kinds
    last = events[-1]
    assert last.type == "response.completed"
    (outcome,) = sqlite_gate.facts("call.concluded")
    assert last.response.usage is not None
    assert outcome["tokens_out"] == last.response.usage.output_tokens
    assert outcome["chunks"] == len(events)
    assert "delivered" not in outcome


def test_the_streaming_helper(client: OpenAI) -> None:
    with client.responses.stream(model="gpt-4o", input="hi", tools=[FUNCTION]) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert "response.function_call_arguments.done" in kinds
    assert final.output[0].type == "function_call"


async def test_a_stream_of_asyncio(sqlite_gate: RunningGate) -> None:
    async with AsyncOpenAI(base_url=sqlite_gate.base_url, api_key=sqlite_gate.key) as client:
        stream = await client.responses.create(model="gpt-4o", input="hi", stream=True)
        assert [event async for event in stream][-1].type == "response.completed"


@pytest.mark.parametrize(
    ("fields", "kind", "code"),
    [
        ({"model": "o4-mini"}, openai.PermissionDeniedError, "model_not_allowed"),
        ({"model": "gpt-4o", "input": 3}, openai.BadRequestError, "invalid_value"),
        ({"model": "sim-error-422"}, openai.UnprocessableEntityError, "simulated_422"),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_refusals(
    client: OpenAI,
    sqlite_gate: RunningGate,
    fields: dict[str, Any],
    kind: type[openai.APIStatusError],
    code: str,
    streams: bool,
) -> None:
    with pytest.raises(kind) as caught:
        client.responses.create(**{"input": "hi", "stream": streams, **fields})
    assert caught.value.code == code
    assert sqlite_gate.requests == 1


def test_a_stream_that_breaks_off_raises_and_is_not_repeated(
    client: OpenAI, sqlite_gate: RunningGate
) -> None:
    got: list[Any] = []
    with pytest.raises(openai.APIError) as caught:
        got.extend(client.responses.create(model="sim-cut", input="hi", stream=True))
    assert caught.value.code == "upstream_broken"
    assert sqlite_gate.ending() == "upstream_broken"
    assert sqlite_gate.requests == 1


@pytest.mark.parametrize(
    ("model", "last"), [("sim-failed", "response.failed"), ("sim-overloaded", "error")]
)
def test_a_failure_that_the_vendor_tells_in_the_stream_is_given_as_it_tells_it(
    client: OpenAI, sqlite_gate: RunningGate, model: str, last: str
) -> None:
    events = list(client.responses.create(model=model, input="hi", stream=True))
    assert events[-1].type == last
    assert sqlite_gate.ending() == "upstream_broken"
