"""What the simulated provider says for Anthropic is what Anthropic's own types can hold."""

import msgspec
import pytest
from anthropic.types import (
    Message,
    MessageTokensCount,
    ModelInfo,
    RawMessageStreamEvent,
)

from gatebook.app.simulated.anthropic import (
    MODELS,
    Request,
    Tool,
    counted,
    events,
    failure,
    message,
    model,
    models,
)
from gatebook.core.event_stream import data_of
from tests.published import published

REQUESTS = [
    Request(model="claude-opus-5-5", messages=[]),
    Request(model="claude-opus-5-5", messages=[], tools=[Tool(name="look_up")]),
    Request(model="claude-opus-5-5", messages=[], thinking={"type": "enabled"}),
    Request(
        model="claude-opus-5-5",
        messages=[],
        tools=[Tool(name="web_search", type="web_search_20250305"), Tool(name="look_up")],
    ),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_message_validates(request_: Request) -> None:
    published(Message, message(request_, "msg_1", "some words").body)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_stream_validates_from_its_start_to_its_stop(request_: Request) -> None:
    kinds = []
    for event in events(request_, "msg_1", "some words"):
        data = data_of(event)
        assert data is not None
        kind = msgspec.json.decode(data)["type"]
        assert event.startswith(f"event: {kind}\n".encode())
        kinds.append(kind)
        if kind != "ping":  # the package drops it before its types see it
            published(RawMessageStreamEvent, data)
    assert kinds[:2] == ["message_start", "ping"]
    assert kinds[-2:] == ["message_delta", "message_stop"]


def test_counts_and_models_validate() -> None:
    published(MessageTokensCount, counted(REQUESTS[0]).body)
    page = msgspec.json.decode(models().body)
    said = [published(ModelInfo, msgspec.json.encode(each)) for each in page["data"]]
    assert [each.id for each in said] == list(MODELS)
    assert published(ModelInfo, model("m").body).id == "m"


def test_a_tool_is_called_until_its_result_is_there() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": "x"}
    messages = [{"role": "user", "content": [result]}]
    asked = Request(model="m", messages=messages, tools=[Tool(name="look_up")])
    said = published(Message, message(asked, "msg_1", "some words").body)
    assert (said.stop_reason, said.content[0].type) == ("end_turn", "text")


def test_an_error_has_anthropics_envelope() -> None:
    answer = failure(529, "overloaded_error", "Overloaded")
    assert answer.status == 529
    assert msgspec.json.decode(answer.body)["error"]["type"] == "overloaded_error"
