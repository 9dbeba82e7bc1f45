"""What the simulated provider says for Amazon is what its published service model can hold."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.model import ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.validate import ParamValidator

from gatebook.app.simulated.bedrock import Asked, Request, asked, events, failure, whole

MESSAGES = [{"role": "user", "content": [{"text": "hi"}]}]
TOOLS = {"tools": [{"toolSpec": {"name": "look_up"}}]}
REQUESTS = [
    Request(messages=MESSAGES),
    Request(messages=MESSAGES, tool_config=TOOLS),
    Request(messages=MESSAGES, additional_model_request_fields={"thinking": {}}),
]


@cache
def model() -> ServiceModel:
    """The service model of Bedrock Runtime that botocore brings."""
    (found,) = (Path(botocore.__file__).parent / "data/bedrock-runtime").glob("*/service-2.json.gz")
    return ServiceModel(json.loads(gzip.decompress(found.read_bytes())), "bedrock-runtime")


def validate(value: dict[str, Any], shape: Shape) -> None:
    """A value that has all that a shape requires, each of its kind, and nothing else."""
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_message_validates(request_: Request) -> None:
    answer = whole(request_, "some-model", "some words")
    response = {"status_code": 200, "headers": dict(answer.headers), "body": answer.body}
    shape = model().operation_model("Converse").output_shape
    parsed = create_parser("rest-json").parse(response, shape)
    del parsed["ResponseMetadata"]
    assert parsed.keys() == json.loads(answer.body).keys()
    validate(parsed, shape)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_stream_validates_from_its_start_to_its_metadata(request_: Request) -> None:
    shape = model().shape_for("ConverseStreamOutput")
    parser = create_parser("rest-json")._event_stream_parser
    buffer = EventStreamBuffer()
    for data in events(request_, "some-model", "some words"):
        buffer.add_data(data)
    kinds = []
    for message in buffer:
        parsed = parser.parse(message.to_response_dict(), shape)
        ((kind, value),) = parsed.items()
        validate(value, shape.members[kind])
        kinds.append(kind)
    assert kinds[0] == "messageStart"
    assert kinds[-2:] == ["messageStop", "metadata"]


@pytest.mark.parametrize("status", [400, 403, 404, 408, 424, 429, 500, 503])
def test_an_error_is_one_that_converse_is_said_to_have(status: int) -> None:
    answer = failure(status, "As asked.")
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    response = {"status_code": status, "headers": headers, "body": answer.body}
    operation = model().operation_model("Converse")
    parsed = create_parser("rest-json").parse(response, operation.output_shape)
    declared = {shape.name: shape.metadata["error"] for shape in operation.error_shapes}
    assert declared[parsed["Error"]["Code"]]["httpStatusCode"] == status
    assert parsed["Error"]["Message"] == "As asked."


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        (b"/model/a.b-v1%3A0/converse", Asked("a.b-v1:0", streams=False)),
        (b"/model/a/converse-stream", Asked("a", streams=True)),
        (b"/model/a/invoke", None),
    ],
)
def test_an_address_is_taken_apart(path: bytes, meant: Asked | None) -> None:
    assert asked(path) == meant
