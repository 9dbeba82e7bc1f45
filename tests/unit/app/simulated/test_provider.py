"""Over a socket the simulated provider speaks as its vendors do, at each vendor's addresses."""

import json
from typing import Any

import httpx
import pytest
from openai.types import Completion, CompletionChoice, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent

from tests.gates import SimulatedVendor
from tests.published import events_of, published

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
KEY = {"Authorization": "Bearer sk-1"}


def ask(vendor: SimulatedVendor, path: str = "/v1/chat/completions", **fields: Any) -> Any:
    return httpx.post(f"{vendor.url}{path}", json={**CHAT, **fields}, headers=KEY)


def test_answers_come_whole_and_in_events(vendor: SimulatedVendor) -> None:
    published(ChatCompletion, ask(vendor).text)
    *chunks, done = events_of(ask(vendor, stream=True).content)
    assert done == b"[DONE]"
    for chunk in chunks:
        published(ChatCompletionChunk, chunk)


def test_responses_come_whole_and_in_events(vendor: SimulatedVendor) -> None:
    published(Response, ask(vendor, "/v1/responses", input="hi").text)
    events = events_of(ask(vendor, "/v1/responses", input="hi", stream=True).content)
    for event in events:
        published(ResponseStreamEvent, event)
    assert json.loads(events[-1])["type"] == "response.completed"


def test_text_is_completed_for_each_prompt(vendor: SimulatedVendor) -> None:
    whole = published(Completion, ask(vendor, "/v1/completions", prompt=["a", "b"], n=2).text)
    assert [choice.index for choice in whole.choices] == [0, 1, 2, 3]
    streamed = ask(vendor, "/v1/completions", prompt="a", stream=True).content
    *chunks, _ = events_of(streamed)
    for chunk in chunks:
        # The published type knows no chunk whose choice goes on.
        choice = {**json.loads(chunk)["choices"][0], "finish_reason": "stop"}
        published(CompletionChoice, json.dumps(choice))


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_an_error_on_demand_has_openais_shape(vendor: SimulatedVendor, status: int) -> None:
    response = ask(vendor, model=f"sim-error-{status}")
    assert response.status_code == status
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_the_models_are_models_to_the_official_package(vendor: SimulatedVendor) -> None:
    response = httpx.get(f"{vendor.url}/v1/models", headers=KEY)
    for model in response.json()["data"]:
        published(Model, json.dumps(model))
    one = httpx.get(f"{vendor.url}/v1/models/gpt-4o", headers=KEY)
    assert published(Model, one.text).id == "gpt-4o"


@pytest.mark.parametrize(
    "path",
    [
        "/openai/deployments/mine/chat/completions?api-version=1",
        "/openai/v1/chat/completions",
    ],
)
def test_azures_addresses_want_azures_key(vendor: SimulatedVendor, path: str) -> None:
    assert ask(vendor, path).status_code == 401
    response = httpx.post(f"{vendor.url}{path}", json=CHAT, headers={"api-key": "k"})
    model = published(ChatCompletion, response.text).model
    assert model == ("mine" if "mine" in path else "gpt-4o")


def test_it_wants_a_key_and_keeps_what_it_saw(vendor: SimulatedVendor) -> None:
    assert httpx.get(f"{vendor.url}/v1/models").status_code == 401
    ask(vendor, "/v1/chat/completions?a=1")
    seen = vendor.provider.seen[-1]
    assert (seen.method, seen.path, seen.query) == ("POST", "/v1/chat/completions", "a=1")
    assert seen.headers["authorization"] == "Bearer sk-1"
    assert json.loads(seen.body) == CHAT
