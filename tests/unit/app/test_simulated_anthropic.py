"""What the simulated provider says for Anthropic is what Anthropic's own types can hold."""

from typing import Any

import msgspec
import pytest
from anthropic.types import (
    Message,
    MessageTokensCount,
    ModelInfo,
    RawMessageStreamEvent,
)
from pydantic import TypeAdapter

from gatebook.app.simulated_anthropic import (
    MODELS,
    Request,
    Tool,
    counted,
    events,
    failure,
    message,
    models,
)
from gatebook.core.event_stream import data_of

REQUESTS = [
    Request(model="claude-opus-5-5", messages=[]),
    Request(model="claude-opus-5-5", messages=[], tools=[Tool(name="look_up")]),
    Request(model="claude-opus-5-5", messages=[], thinking={"type": "enabled"}),
]
STREAM: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_message_validates(request_: Request) -> None:
    body = message(request_, "msg_1", "some words").body
    Message.model_validate_json(body, strict=True)


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
            STREAM.validate_json(data)
    assert kinds[:2] == ["message_start", "ping"]
    assert kinds[-2:] == ["message_delta", "message_stop"]


def test_counts_and_models_validate() -> None:
    MessageTokensCount.model_validate_json(counted(REQUESTS[0]).body)
    page = msgspec.json.decode(models().body)
    assert [ModelInfo.model_validate(each).id for each in page["data"]] == list(MODELS)


def test_an_error_has_anthropics_envelope() -> None:
    answer = failure(529, "overloaded_error", "Overloaded")
    assert answer.status == 529
    assert msgspec.json.decode(answer.body)["error"]["type"] == "overloaded_error"
