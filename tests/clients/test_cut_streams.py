"""A stream that the gate ends early, softly or with an error, as the unmodified packages see it.

The events are the simulated provider's, cut after some of them; nothing is sent over a socket.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from gatebook.app.folders import dialects
from gatebook.app.simulated import (
    anthropic as simulated_anthropic,
    chat as simulated_chat,
    responses as simulated_responses,
)
from gatebook.app.simulated.openai import Maker
from gatebook.core.errors import Refused
from gatebook.core.ids import system_entropy
from gatebook.formats import Call, Operation
from gatebook.providers.anthropic import MESSAGES
from gatebook.providers.openai import CHAT, COMPLETIONS, RESPONSES
from tests.simulators.clock import SetClock

MAKER = Maker(SetClock(), system_entropy, "some words that go on and on", b"")
HI: Any = [{"role": "user", "content": "hi"}]
STOPPED = Refused("stopped", "Somebody stopped this.")


def begun(operation: Operation, events: Iterator[bytes]) -> tuple[bytes, Any]:
    """What the agent was given of a stream so far, and its follower."""
    stream = operation.format.stream(Call(operation=operation, path=operation.path))
    return stream.feed(b"".join(islice(events, 6))), stream


def served(body: bytes) -> httpx2.Client:
    """An HTTP client that is given this stream."""
    headers = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=body))
    return httpx2.Client(transport=transport)


def of_openai(body: bytes) -> openai.OpenAI:
    return openai.OpenAI(api_key="k", http_client=served(body))


def of_anthropic(body: bytes) -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key="k", http_client=served(body))


def chat() -> tuple[bytes, Any]:
    return begun(CHAT, simulated_chat.events(simulated_chat.Request(model="m"), MAKER))


def text() -> tuple[bytes, Any]:
    request = simulated_chat.Request(model="m")
    return begun(COMPLETIONS, simulated_chat.text_events(request, MAKER))


def responses() -> tuple[bytes, Any]:
    request = simulated_responses.Request(model="m")
    return begun(RESPONSES, simulated_responses.events(request, MAKER))


def messages() -> tuple[bytes, Any]:
    request = simulated_anthropic.Request(model="m", messages=HI)
    return begun(MESSAGES, simulated_anthropic.events(request, "msg_1", MAKER.text))


def test_chat_ends_as_filtered() -> None:
    given, stream = chat()
    with of_openai(given + stream.cut()) as client:
        chunks = list(client.chat.completions.create(model="m", messages=HI, stream=True))
        assert chunks[-1].choices[0].finish_reason == "content_filter"
    with (
        of_openai(given + stream.cut()) as client,
        client.chat.completions.stream(model="m", messages=HI) as helped,
        pytest.raises(openai.ContentFilterFinishReasonError),
    ):
        helped.get_final_completion()


def test_text_ends_as_filtered() -> None:
    given, stream = text()
    with of_openai(given + stream.cut()) as client:
        chunks = list(client.completions.create(model="m", prompt="a", stream=True))
    assert chunks[-1].choices[0].finish_reason == "content_filter"


def test_a_response_ends_incomplete() -> None:
    given, stream = responses()
    with of_openai(given + stream.cut()) as client:
        events = list(client.responses.create(model="m", input="hi", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    last = events[-1]
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == "content_filter"


def test_a_message_ends_as_a_refusal() -> None:
    given, stream = messages()
    with (
        of_anthropic(given + stream.cut()) as client,
        client.messages.stream(model="m", max_tokens=9, messages=HI) as helped,
    ):
        final = helped.get_final_message()
    assert final.stop_reason == "refusal"
    assert final.content


def test_an_error_of_ours_is_raised_by_openais_package() -> None:
    body = dialects()["openai"].error_body(STOPPED, "s.1")
    for made in (chat, text, responses):
        given, stream = made()
        client = of_openai(given + stream.error_event(body))
        asked: dict[Any, Callable[[], Iterable[object]]] = {
            chat: partial(client.chat.completions.create, model="m", messages=HI, stream=True),
            text: partial(client.completions.create, model="m", prompt="a", stream=True),
            responses: partial(client.responses.create, model="m", input="hi", stream=True),
        }
        with client, pytest.raises(openai.APIError) as caught:
            list(asked[made]())
        assert caught.value.code == "stopped"


def test_an_error_of_ours_is_raised_by_anthropics_package() -> None:
    given, stream = messages()
    body = dialects()["anthropic"].error_body(STOPPED, "s.1")
    with (
        of_anthropic(given + stream.error_event(body)) as client,
        pytest.raises(anthropic.APIStatusError) as caught,
    ):
        list(client.messages.create(model="m", max_tokens=9, messages=HI, stream=True))
    assert caught.value.type == "permission_error"
