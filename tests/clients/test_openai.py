"""The unmodified `openai` package against a running gate.

Each refusal raises the class the package has for it, after exactly one HTTP request wherever
sending the same again is pointless. Requests are counted at the gate's socket.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import openai
import pytest
from msgspec.structs import replace
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from gatebook.storage.database import open_database
from tests.gates import SETTINGS, RunningGate, open_running_gate
from tests.simulators.stores import Fault

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]


@pytest.fixture
def client(sqlite_gate: RunningGate) -> Iterator[OpenAI]:
    """The package as its documentation sets it up."""
    with OpenAI(base_url=sqlite_gate.base_url, api_key=sqlite_gate.key) as opened:
        yield opened


@pytest.fixture
async def async_client(sqlite_gate: RunningGate) -> AsyncIterator[AsyncOpenAI]:
    """The same for asyncio."""
    async with AsyncOpenAI(base_url=sqlite_gate.base_url, api_key=sqlite_gate.key) as opened:
        yield opened


def code_of(error: openai.APIStatusError) -> str | None:
    """The code, once type and param are what the package makes of ours."""
    assert error.param is None
    assert isinstance(error.type, str)
    return error.code


def test_a_call(client: OpenAI, sqlite_gate: RunningGate) -> None:
    completion = client.chat.completions.create(model="gpt-4o", messages=HI)
    assert completion.choices[0].message.content
    assert completion.usage is not None
    (intent,) = sqlite_gate.events("call.intended")
    assert completion._request_id == f"{intent.header['sid']}.{intent.sq}"


def test_the_raw_response_names_the_entry(client: OpenAI, sqlite_gate: RunningGate) -> None:
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=HI)
    (intent,) = sqlite_gate.events("call.intended")
    assert raw.headers["x-request-id"] == f"{intent.header['sid']}.{intent.sq}"
    assert raw.parse().choices[0].finish_reason == "stop"


def test_a_stream(client: OpenAI) -> None:
    stream = client.chat.completions.create(model="gpt-4o", messages=HI, stream=True)
    text = "".join([chunk.choices[0].delta.content or "" for chunk in stream])
    assert text.startswith("This answer")


def test_a_stream_with_usage(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="gpt-4o", messages=HI, stream=True, stream_options={"include_usage": True}
    )
    *_, last = stream
    assert last.choices == []
    assert last.usage is not None


def test_the_streaming_helper(client: OpenAI) -> None:
    with client.chat.completions.stream(model="gpt-4o", messages=HI) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert "content.done" in kinds
    assert final.choices[0].message.content


def test_fields_the_package_does_not_know(client: OpenAI, sqlite_gate: RunningGate) -> None:
    client.chat.completions.create(model="gpt-4o", messages=HI, extra_body={"brand_new": 1.5})
    assert b'"brand_new":1.5' in sqlite_gate.provider.seen[0].body


def test_tools_and_several_choices(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="gpt-4o",
        messages=HI,
        n=2,
        tools=[{"type": "function", "function": {"name": "look_up", "parameters": {}}}],
    )
    assert [bool(choice.message.tool_calls) for choice in completion.choices] == [True, True]


def test_the_models(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["gpt-4o", "gpt-4o-mini"]


async def test_calls_and_streams_of_asyncio(async_client: AsyncOpenAI) -> None:
    completion = await async_client.chat.completions.create(model="gpt-4o", messages=HI)
    assert completion.choices[0].message.content
    stream = await async_client.chat.completions.create(model="gpt-4o", messages=HI, stream=True)
    assert [chunk async for chunk in stream][-1].choices[0].finish_reason == "stop"


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "kind", "code", "requests"),
    [
        ("o4-mini", openai.PermissionDeniedError, "model_not_allowed", 1),
        ("no such model", openai.BadRequestError, "invalid_model", 1),
        ("sim-error-401", openai.InternalServerError, "upstream_credential_rejected", 1),
        ("sim-error-404", openai.NotFoundError, "simulated_404", 1),
        ("sim-error-422", openai.UnprocessableEntityError, "simulated_422", 1),
        ("sim-error-429", openai.RateLimitError, "simulated_429", 3),
        ("sim-error-503", openai.InternalServerError, "simulated_503", 3),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_each_refusal_has_its_class_and_is_sent_again_only_if_that_can_help(
    client: OpenAI,
    sqlite_gate: RunningGate,
    model: str,
    kind: type[openai.APIStatusError],
    code: str,
    requests: int,
    streams: bool,
) -> None:
    with pytest.raises(kind) as caught:
        client.chat.completions.create(model=model, messages=HI, stream=streams)
    assert code_of(caught.value) == code
    assert caught.value.request_id
    assert sqlite_gate.requests == requests


@pytest.mark.parametrize("key", ["sk-1", ""])
def test_a_wrong_key(sqlite_gate: RunningGate, key: str) -> None:
    with (
        OpenAI(base_url=sqlite_gate.base_url, api_key=key or sqlite_gate.key[:-1]) as client,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        client.chat.completions.create(model="gpt-4o", messages=HI)
    assert code_of(caught.value) == "invalid_api_key"
    assert sqlite_gate.requests == 1


def test_an_expired_key(client: OpenAI, sqlite_gate: RunningGate) -> None:
    sqlite_gate.clock.skip(91 * 24 * 3600)
    with pytest.raises(openai.AuthenticationError) as caught:
        client.chat.completions.create(model="gpt-4o", messages=HI)
    assert code_of(caught.value) == "key_expired"
    assert sqlite_gate.requests == 1


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda client: client.files.create(file=b"x", purpose="batch"), "account_wide"),
        (lambda client: client.responses.retrieve("resp_1"), "account_wide"),
        (lambda client: client.conversations.create(), "account_wide"),
        (lambda client: client.vector_stores.list(), "account_wide"),
        (
            lambda client: client.audio.speech.create(model="tts", voice="alloy", input="x"),
            "not_inspectable",
        ),
        (
            lambda client: client.audio.transcriptions.create(model="whisper-1", file=b"x"),
            "not_inspectable",
        ),
        (lambda client: client.images.edit(image=b"x", prompt="x"), "not_inspectable"),
    ],
)
def test_what_is_known_and_not_served_says_why(
    client: OpenAI, sqlite_gate: RunningGate, ask: Callable[[OpenAI], Any], code: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client)
    assert code_of(caught.value) == code
    assert caught.value.request_id
    assert sqlite_gate.requests == 1
    assert sqlite_gate.provider.seen == []


def test_a_body_that_is_too_large(client: OpenAI, sqlite_gate: RunningGate) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "a" * 30_000_000}]
        )
    assert caught.value.status_code == 413
    assert code_of(caught.value) == "body_too_large"
    assert sqlite_gate.requests == 1


def test_a_timeout_of_the_provider_is_not_repeated(sqlite_url: str) -> None:
    """The call may have been executed."""
    database = open_database(sqlite_url)
    settings = replace(SETTINGS, first_byte_seconds=1)
    with (
        open_running_gate(database, settings=settings) as gate,
        OpenAI(base_url=gate.base_url, api_key=gate.key) as client,
    ):
        with pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model="sim-slow-30", messages=HI)
        assert caught.value.status_code == 504
        assert code_of(caught.value) == "upstream_timeout"
        assert gate.requests == 1
    database.close()


def test_a_ledger_that_fails_once_is_asked_again(client: OpenAI, sqlite_gate: RunningGate) -> None:
    client.chat.completions.create(model="gpt-4o", messages=HI)
    sqlite_gate.store.faults = [Fault.COMMIT]
    assert client.chat.completions.create(model="gpt-4o", messages=HI).choices
    assert sqlite_gate.requests == 3
    assert len(sqlite_gate.provider.seen) == 2


def test_a_ledger_that_is_down(client: OpenAI, sqlite_gate: RunningGate) -> None:
    sqlite_gate.certifier.is_up = False
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="gpt-4o", messages=HI)
    assert caught.value.status_code == 503
    assert code_of(caught.value) == "audit_unavailable"
    assert sqlite_gate.provider.seen == []


@pytest.mark.parametrize("streams", [False, True])
def test_an_outcome_that_cannot_be_recorded_is_not_repeated(
    client: OpenAI, sqlite_gate: RunningGate, streams: bool
) -> None:
    client.chat.completions.create(model="gpt-4o", messages=HI)
    sqlite_gate.store.faults = [None, Fault.COMMIT]
    with pytest.raises(openai.APIError) as caught:
        _consume(client, stream=streams)
    assert caught.value.code == "audit_unavailable"
    assert sqlite_gate.requests == 2
    assert len(sqlite_gate.provider.seen) == 2


def test_a_stream_that_breaks_off_raises(client: OpenAI, sqlite_gate: RunningGate) -> None:
    got: list[ChatCompletionChunk] = []
    stream = client.chat.completions.create(model="sim-cut", messages=HI, stream=True)
    with pytest.raises(openai.APIError) as caught:
        got.extend(stream)
    assert len(got) == 3
    assert caught.value.code == "upstream_broken"
    assert sqlite_gate.requests == 1


# -- agents that leave -----------------------------------------------------------------------------


def test_a_stream_that_is_closed_early(client: OpenAI, sqlite_gate: RunningGate) -> None:
    with client.chat.completions.create(model="sim-silent", messages=HI, stream=True) as stream:
        next(iter(stream))
    assert sqlite_gate.ending() == "client_disconnected"
    assert sqlite_gate.provider.left == 1


async def test_a_call_that_is_cancelled(
    async_client: AsyncOpenAI, sqlite_gate: RunningGate
) -> None:
    patient = async_client.with_options(timeout=0.5, max_retries=0)
    with pytest.raises(openai.APITimeoutError):
        await patient.chat.completions.create(model="sim-slow-30", messages=HI)
    assert sqlite_gate.ending() == "client_disconnected"


def _consume(client: OpenAI, **fields: Any) -> None:
    answer = client.chat.completions.create(model="gpt-4o", messages=HI, **fields)
    for _ in answer:
        pass
