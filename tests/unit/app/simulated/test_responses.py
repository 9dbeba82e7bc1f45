"""What the simulated provider says as responses is what the official package's types can hold."""

import json
from typing import Any

import msgspec
import pytest
from openai.types.responses import InputTokenCountResponse, Response, ResponseStreamEvent

from gatebook.app.simulated.openai import Maker
from gatebook.app.simulated.responses import Request, counted, events, response
from gatebook.core.ids import system_entropy
from tests.published import events_of, published
from tests.simulators.clock import SetClock

MAKER = Maker(SetClock(), system_entropy, "some words", b"x" * 40)
FUNCTION = {"type": "function", "name": "look_up", "parameters": {"type": "object"}, "strict": True}
SEARCH = {"type": "web_search"}
ANSWERED = [{"type": "function_call_output", "call_id": "c", "output": "x"}]
ASKED: list[dict[str, Any]] = [
    {},
    {"reasoning": {"effort": "low"}},
    {"tools": [FUNCTION]},
    {"tools": [SEARCH, FUNCTION], "reasoning": {"summary": "auto"}},
    {"tools": [FUNCTION], "input": ANSWERED},
    {"tools": [FUNCTION], "tool_choice": "none"},
]


def request(**fields: Any) -> Request:
    return msgspec.convert({"model": "gpt-4o", "input": "hi", **fields}, Request)


def streamed(**fields: Any) -> list[Any]:
    data = events_of(b"".join(events(request(**fields), MAKER)))
    return [published(ResponseStreamEvent, each) for each in data]


@pytest.mark.parametrize("fields", ASKED)
def test_a_response_validates(fields: dict[str, Any]) -> None:
    said = published(Response, msgspec.json.encode(response(request(**fields), MAKER)))
    assert said.usage is not None
    called = [item.name for item in said.output if item.type == "function_call"]
    is_due = "tools" in fields and "input" not in fields and "tool_choice" not in fields
    assert called == ["look_up"] * is_due
    assert said.output_text == ("" if is_due else "some words")


@pytest.mark.parametrize("fields", ASKED)
def test_a_stream_validates_and_ends_as_the_whole_would(fields: dict[str, Any]) -> None:
    said = streamed(**fields)
    assert [event.sequence_number for event in said] == list(range(len(said)))
    assert [event.type for event in said[:2]] == ["response.created", "response.in_progress"]
    assert said[-1].type == "response.completed"
    done = [event.item.type for event in said if event.type == "response.output_item.done"]
    assert done == [item.type for item in said[-1].response.output]


@pytest.mark.parametrize(
    ("model", "last"), [("sim-failed", "response.failed"), ("sim-overloaded", "error")]
)
def test_a_stream_fails_as_the_models_name_asks(model: str, last: str) -> None:
    assert streamed(model=model)[-1].type == last


def test_a_count_validates() -> None:
    published(InputTokenCountResponse, json.dumps(counted(MAKER)))
