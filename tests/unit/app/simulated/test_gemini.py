"""What the simulated provider says for Google is what Google's own types can hold."""

from typing import Any

import msgspec
import pytest
from google.genai import types

from gatebook.app.simulated.gemini import (
    MODELS,
    Asked,
    Request,
    asked,
    events,
    failure,
    listed,
    whole,
)
from gatebook.core.event_stream import data_of

REQUESTS = [
    Request(contents=[]),
    Request(contents=[], tools=[{"functionDeclarations": [{"name": "look_up"}]}]),
    Request(contents=[], generation_config={"thinkingConfig": {}}),
    Request(contents=[], generation_config={"candidateCount": 2}),
]


def validate(kind: type[Any], body: bytes) -> Any:
    """A body as a type of the package, which refuses members that it does not know."""
    assert kind.model_config["extra"] == "forbid"
    return kind.model_validate(msgspec.json.decode(body))


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("model", ["gemini-2.5-flash", "sim-usage-none", "sim-blocked"])
def test_a_reply_validates(request_: Request, model: str) -> None:
    body = whole(request_, Asked(model, "generateContent"), "some words").body
    reply = validate(types.GenerateContentResponse, body)
    assert bool(reply.candidates) is (model != "sim-blocked")


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_stream_validates_and_its_last_event_alone_has_a_reason_to_finish(
    request_: Request,
) -> None:
    reasons = []
    for event in events(request_, Asked("gemini-2.5-flash", "streamGenerateContent"), "some words"):
        data = data_of(event)
        assert data is not None
        reply = validate(types.GenerateContentResponse, data)
        reasons.append({candidate.finish_reason for candidate in reply.candidates})
    assert reasons[-1] == {types.FinishReason.STOP}
    assert all(each == {None} for each in reasons[:-1])


def test_counts_and_embeddings_validate() -> None:
    request_ = Request(contents=[], requests=[{}, {}])
    count = whole(request_, Asked("gemini-2.5-flash", "countTokens"), "").body
    assert validate(types.CountTokensResponse, count).total_tokens is not None
    many = whole(request_, Asked("gemini-embedding-001", "batchEmbedContents"), "").body
    assert len(validate(types.EmbedContentResponse, many).embeddings) == 2
    one = whole(request_, Asked("gemini-embedding-001", "embedContent"), "").body
    assert types.ContentEmbedding.model_validate(msgspec.json.decode(one)["embedding"]).values


def test_models_have_the_members_that_the_package_reads() -> None:
    page = msgspec.json.decode(listed("").body)["models"]
    assert [model["name"] for model in page] == [f"models/{name}" for name in MODELS]
    assert msgspec.json.decode(listed(MODELS[0]).body) == page[0]
    assert listed("other").status == 404


def test_an_error_has_googles_envelope() -> None:
    answer = failure(429, "Slow down.")
    assert answer.status == 429
    said = msgspec.json.decode(answer.body)["error"]
    assert said == {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        (b"/v1/models", Asked("", "")),
        (b"/v1beta/models/a", Asked("a", "")),
        (b"/v1beta/models/a:generateContent", Asked("a", "generateContent")),
        (b"/v1beta/files", None),
    ],
)
def test_an_address_is_taken_apart(path: bytes, meant: Asked | None) -> None:
    assert asked(path) == meant
