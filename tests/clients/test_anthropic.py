"""The unmodified `anthropic` package against a running gate.

Each refusal raises the class the package has for it, after exactly one HTTP request wherever
sending the same again is pointless. Requests are counted at the gate's socket.
"""

from collections.abc import AsyncIterator, Iterator

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import MessageParam, ToolParam
from msgspec.structs import replace

from gatebook.storage.database import open_database
from tests.gates import SETTINGS, RunningGate, open_running_gate, with_provider
from tests.simulators.stores import Fault

HI: list[MessageParam] = [{"role": "user", "content": "hi"}]
TOOL: ToolParam = {"name": "look_up", "input_schema": {"type": "object"}}
CREDENTIAL = "sk-ant-provider-0123456789"


@pytest.fixture
def gate(sqlite_gate: RunningGate) -> RunningGate:
    """A gate with a provider for this dialect."""
    return with_provider(sqlite_gate, "anthropic", CREDENTIAL)


def address(gate: RunningGate) -> str:
    """The gate's address as this package takes it."""
    return gate.base_url.removesuffix("/v1")


@pytest.fixture
def client(gate: RunningGate) -> Iterator[Anthropic]:
    """The package as its documentation sets it up."""
    with Anthropic(base_url=address(gate), api_key=gate.key) as opened:
        yield opened


@pytest.fixture
async def async_client(gate: RunningGate) -> AsyncIterator[AsyncAnthropic]:
    """The same for asyncio."""
    async with AsyncAnthropic(base_url=address(gate), api_key=gate.key) as opened:
        yield opened


def type_of(error: anthropic.APIStatusError) -> str:
    """The type of an error, once its shape is seen to be Anthropic's."""
    assert isinstance(error.body, dict)
    assert error.body["type"] == "error"
    assert set(error.body) == {"type", "error", "request_id"}
    return str(error.body["error"]["type"])


def ask(client: Anthropic, model: str = "claude-haiku-5-5") -> anthropic.types.Message:
    return client.messages.create(model=model, max_tokens=100, messages=HI)


def test_a_call_is_recorded_with_its_tokens_and_goes_out_with_our_credential(
    client: Anthropic, gate: RunningGate
) -> None:
    message = ask(client)
    (block,) = message.content
    assert block.type == "text"
    assert block.text.startswith("This answer")
    (intent,) = gate.events("call.intended")
    assert message._request_id == f"{intent.header['sid']}.{intent.sq}"
    (outcome,) = gate.facts("call.concluded")
    usage = message.usage
    assert outcome["tokens_in"] == usage.input_tokens + 3 + 4
    assert outcome["tokens_out"] == usage.output_tokens
    (seen,) = gate.provider.seen
    assert seen.headers["x-api-key"] == CREDENTIAL
    assert seen.headers["anthropic-version"]
    assert gate.key not in str(seen)


def test_a_bearer_token_does_as_well(gate: RunningGate) -> None:
    with Anthropic(base_url=address(gate), auth_token=gate.key, api_key=None) as client:
        assert ask(client).stop_reason == "end_turn"


def test_the_raw_response_names_the_entry(client: Anthropic, gate: RunningGate) -> None:
    raw = client.messages.with_raw_response.create(
        model="claude-haiku-5-5", max_tokens=1, messages=HI
    )
    (intent,) = gate.events("call.intended")
    assert raw.headers["request-id"] == f"{intent.header['sid']}.{intent.sq}"
    assert raw.headers["anthropic-ratelimit-requests-limit"] == "50"
    assert "anthropic-organization-id" not in raw.headers


def test_a_stream(client: Anthropic, gate: RunningGate) -> None:
    with client.messages.stream(model="claude-haiku-5-5", max_tokens=9, messages=HI) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text.startswith("This answer")
    (outcome,) = gate.facts("call.concluded")
    assert outcome["tokens_out"] == final.usage.output_tokens
    assert outcome["ending"] == "complete"
    assert "delivered" not in outcome  # every byte as it came


def test_thinking_is_passed_as_it_was_signed(client: Anthropic) -> None:
    for streams in (False, True):
        answer = client.messages.create(
            model="claude-opus-5-5",
            max_tokens=2000,
            messages=HI,
            thinking={"type": "enabled", "budget_tokens": 1024},
            stream=streams,
        )
        said = answer.to_json() if isinstance(answer, anthropic.types.Message) else str([*answer])
        assert "c2lnbmVkIGJ5IG5vYm9keQ==" in said


def test_tools(client: Anthropic) -> None:
    message = client.messages.create(
        model="claude-haiku-5-5", max_tokens=9, messages=HI, tools=[TOOL]
    )
    assert [block.type for block in message.content] == ["tool_use"]
    with client.messages.stream(
        model="claude-haiku-5-5", max_tokens=9, messages=HI, tools=[TOOL]
    ) as stream:
        (block,) = stream.get_final_message().content
    assert block.type == "tool_use"
    assert block.input == {}


def test_fields_the_package_does_not_know(client: Anthropic, gate: RunningGate) -> None:
    client.messages.create(
        model="claude-haiku-5-5", max_tokens=1, messages=HI, extra_body={"brand_new": 1.5}
    )
    assert b'"brand_new":1.5' in gate.provider.seen[0].body


def test_tokens_are_counted_as_a_call_of_its_own(client: Anthropic, gate: RunningGate) -> None:
    count = client.messages.count_tokens(model="claude-haiku-5-5", messages=HI)
    assert count.input_tokens > 0
    (intent,) = gate.facts("call.intended")
    assert intent["operation"] == "messages.count_tokens"


def test_the_models(client: Anthropic) -> None:
    ids = [model.id for model in client.models.list(limit=5)]
    assert ids == ["claude-opus-5-5", "claude-haiku-5-5"]


def test_the_beta_interface(client: Anthropic, gate: RunningGate) -> None:
    client.beta.messages.create(
        model="claude-haiku-5-5",
        max_tokens=1,
        messages=[{"role": "user", "content": "hi"}],
        betas=["files-api-2025-04-14"],
    )
    (seen,) = gate.provider.seen
    assert seen.headers["anthropic-beta"] == "files-api-2025-04-14"


async def test_calls_and_streams_of_asyncio(async_client: AsyncAnthropic) -> None:
    message = await async_client.messages.create(
        model="claude-haiku-5-5", max_tokens=9, messages=HI
    )
    assert message.content
    stream = await async_client.messages.create(
        model="claude-haiku-5-5", max_tokens=9, messages=HI, stream=True
    )
    assert [event.type async for event in stream][-1] == "message_stop"


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "kind", "said", "requests"),
    [
        ("o4-mini", anthropic.PermissionDeniedError, "permission_error", 1),
        ("no such model", anthropic.BadRequestError, "invalid_request_error", 1),
        ("sim-error-401", anthropic.InternalServerError, "api_error", 1),
        ("sim-error-404", anthropic.NotFoundError, "api_error", 1),
        ("sim-error-429", anthropic.RateLimitError, "api_error", 3),
        ("sim-error-529", anthropic.InternalServerError, "api_error", 3),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_each_refusal_has_its_class_and_is_sent_again_only_if_that_can_help(
    client: Anthropic,
    gate: RunningGate,
    model: str,
    kind: type[anthropic.APIStatusError],
    said: str,
    requests: int,
    streams: bool,
) -> None:
    with pytest.raises(kind) as caught:
        client.messages.create(model=model, max_tokens=1, messages=HI, stream=streams)
    assert type_of(caught.value) == said
    assert caught.value.request_id
    assert gate.requests == requests


@pytest.mark.parametrize("key", ["sk-1", ""])
def test_a_wrong_key(gate: RunningGate, key: str) -> None:
    with (
        Anthropic(base_url=address(gate), api_key=key or gate.key[:-1]) as client,
        pytest.raises(anthropic.AuthenticationError) as caught,
    ):
        ask(client)
    assert type_of(caught.value) == "authentication_error"
    assert gate.requests == 1


def test_what_is_not_served(client: Anthropic, gate: RunningGate) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.batches.retrieve("batch_1")
    assert type_of(caught.value) == "invalid_request_error"
    (refusal,) = gate.facts("call.refused")
    assert (refusal["operation"], refusal["code"]) == ("messages.batches", "account_wide")
    assert gate.requests == 1


def test_a_timeout_of_the_provider_is_not_repeated(sqlite_url: str) -> None:
    """The call may have been executed."""
    database = open_database(sqlite_url)
    settings = replace(SETTINGS, first_byte_seconds=1)
    with open_running_gate(database, settings=settings) as plain:
        gate = with_provider(plain, "anthropic", CREDENTIAL)
        with (
            Anthropic(base_url=address(gate), api_key=gate.key) as client,
            pytest.raises(anthropic.InternalServerError) as caught,
        ):
            ask(client, "sim-slow-30")
        assert (caught.value.status_code, type_of(caught.value)) == (504, "timeout_error")
        assert gate.requests == 1
    database.close()


def test_a_ledger_that_fails_once_is_asked_again(client: Anthropic, gate: RunningGate) -> None:
    ask(client)
    gate.store.faults = [Fault.COMMIT]
    assert ask(client).content
    assert gate.requests == 3
    assert len(gate.provider.seen) == 2


@pytest.mark.parametrize(
    ("model", "said"), [("sim-cut", "api_error"), ("sim-overloaded", "overloaded_error")]
)
def test_a_stream_that_fails_raises_and_is_not_repeated(
    client: Anthropic, gate: RunningGate, model: str, said: str
) -> None:
    got: list[str] = []
    stream = client.messages.create(model=model, max_tokens=9, messages=HI, stream=True)
    with pytest.raises(anthropic.APIStatusError) as caught:
        got.extend(event.type for event in stream)
    assert got[0] == "message_start"
    assert "message_stop" not in got
    assert type_of(caught.value) == said
    assert gate.ending() == "upstream_broken"
    assert gate.requests == 1


def test_a_stream_that_is_closed_early(client: Anthropic, gate: RunningGate) -> None:
    with client.messages.create(
        model="sim-silent", max_tokens=9, messages=HI, stream=True
    ) as stream:
        next(iter(stream))
    assert gate.ending() == "client_disconnected"
    assert gate.provider.left == 1
