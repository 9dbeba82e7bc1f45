"""The unmodified `google-genai` package against a running gate.

Each refusal raises the class the package has for its status, after exactly one HTTP request: it
sends nothing again unless it was told to, and then by status alone, which no gate can change.
"""

from collections.abc import Callable, Iterator

import pytest
from google.genai import Client, errors, types

from tests.gates import RunningGate, eventually, with_provider
from tests.simulators.stores import Fault

FLASH = "gemini-2.5-flash"
CREDENTIAL = "AIza-provider-0123456789"
LOOK_UP = types.FunctionDeclaration(
    name="look_up", parameters=types.Schema(type=types.Type.OBJECT, properties={})
)
TOOLS = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[LOOK_UP])])
THINKS = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))


@pytest.fixture
def gate(sqlite_gate: RunningGate) -> RunningGate:
    """A gate with a provider for this dialect."""
    return with_provider(sqlite_gate, "gemini", CREDENTIAL)


def client_of(gate: RunningGate, key: str = "", **options: object) -> Client:
    """The package as its documentation sets it up."""
    url = gate.base_url.removesuffix("/v1")
    return Client(
        api_key=key or gate.key,
        http_options=types.HttpOptions.model_validate({"base_url": url, **options}),
    )


@pytest.fixture
def client(gate: RunningGate) -> Iterator[Client]:
    """The package, closed at the end."""
    opened = client_of(gate)
    yield opened
    opened.close()


def status_of(error: errors.APIError) -> str:
    """The status of an error, once its shape is seen to be Google's."""
    assert isinstance(error.details, dict)
    said = error.details["error"]
    assert said["code"] == error.code
    assert said["message"] == error.message
    return str(said["status"])


def test_a_call_is_recorded_with_its_tokens_and_goes_out_with_our_credential(
    client: Client, gate: RunningGate
) -> None:
    answer = client.models.generate_content(model=FLASH, contents="hi")
    assert answer.text is not None
    assert answer.text.startswith("This answer")
    (intent,) = gate.events("call.intended")
    assert intent.header["d"]["operation"] == "generateContent"
    assert intent.header["d"]["model"] == FLASH
    assert answer.sdk_http_response is not None
    assert answer.sdk_http_response.headers is not None
    reference = answer.sdk_http_response.headers["x-request-id"]
    assert reference == f"{intent.header['sid']}.{intent.sq}"
    (outcome,) = gate.facts("call.concluded")
    usage = answer.usage_metadata
    assert usage is not None
    assert outcome["tokens_in"] == usage.prompt_token_count
    assert outcome["tokens_out"] == usage.candidates_token_count
    (seen,) = gate.provider.seen
    assert seen.headers["x-goog-api-key"] == CREDENTIAL
    assert gate.key not in str(seen)


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_both_versions_of_the_address(gate: RunningGate, version: str) -> None:
    client = client_of(gate, api_version=version)
    assert client.models.generate_content(model=FLASH, contents="hi").text
    assert [*client.models.generate_content_stream(model=FLASH, contents="hi")]
    assert [seen.path.split("/")[1] for seen in gate.provider.seen] == [version, version]


def test_a_stream(client: Client, gate: RunningGate) -> None:
    chunks = [*client.models.generate_content_stream(model=FLASH, contents="hi")]
    assert "".join(chunk.text or "" for chunk in chunks).startswith("This answer")
    reasons = [candidate.finish_reason for candidate in chunks[-1].candidates or ()]
    assert reasons == [types.FinishReason.STOP]
    (outcome,) = gate.facts("call.concluded")
    assert chunks[-1].usage_metadata is not None
    assert outcome["tokens_out"] == chunks[-1].usage_metadata.candidates_token_count
    assert outcome["ending"] == "complete"
    assert "delivered" not in outcome  # every byte as it came


def test_thoughts_are_passed_as_they_were_signed(client: Client, gate: RunningGate) -> None:
    answer = client.models.generate_content(model=FLASH, contents="hi", config=THINKS)
    chunks = [*client.models.generate_content_stream(model=FLASH, contents="hi", config=THINKS)]
    for reply in (answer, chunks[-1]):
        assert reply.parts
        assert reply.parts[-1].thought_signature == b"signed by nobody"
    whole, streamed = gate.facts("call.concluded")
    assert whole["tokens_out"] == streamed["tokens_out"] + len((answer.text or "").split()) - (
        len(chunks)
    )


def test_tools(client: Client) -> None:
    answer = client.models.generate_content(model=FLASH, contents="hi", config=TOOLS)
    assert [call.name for call in answer.function_calls or ()] == ["look_up"]
    chunks = client.models.generate_content_stream(model=FLASH, contents="hi", config=TOOLS)
    assert [call.name for chunk in chunks for call in chunk.function_calls or ()] == ["look_up"]


def test_several_candidates(client: Client) -> None:
    config = types.GenerateContentConfig(candidate_count=2)
    answer = client.models.generate_content(model=FLASH, contents="hi", config=config)
    assert [candidate.index for candidate in answer.candidates or ()] == [0, 1]
    chunks = [*client.models.generate_content_stream(model=FLASH, contents="hi", config=config)]
    assert len(chunks[-1].candidates or ()) == 2


def test_a_chat_of_several_turns(client: Client, gate: RunningGate) -> None:
    chat = client.chats.create(model=FLASH)
    chat.send_message("hi")
    assert chat.send_message("again").text
    assert gate.provider.seen[1].body.count(b'"role"') == 3


def test_tokens_are_counted_and_contents_embedded_as_calls_of_their_own(
    client: Client, gate: RunningGate
) -> None:
    assert client.models.count_tokens(model=FLASH, contents="hi").total_tokens
    found = client.models.embed_content(model="gemini-embedding-001", contents=["a", "b"])
    assert [each.values for each in found.embeddings or ()] == [[0.5, -0.5, 0.25]] * 2
    assert [fact["operation"] for fact in gate.facts("call.intended")] == [
        "countTokens",
        "batchEmbedContents",
    ]


def test_an_agent_sees_the_models_it_may_use(gate: RunningGate) -> None:
    answer = gate.office.enroll(name="other", model=["gemini-2.5-pro"])
    assert answer.shown_once is not None
    key = answer.shown_once.reveal()
    eventually(lambda: key_works(gate, key))
    client = client_of(gate, key)
    assert [model.name for model in client.models.list()] == ["models/gemini-2.5-pro"]
    assert client.models.get(model="gemini-2.5-pro").input_token_limit
    with pytest.raises(errors.ClientError) as caught:
        client.models.get(model=FLASH)
    assert status_of(caught.value) == "PERMISSION_DENIED"


def key_works(gate: RunningGate, key: str) -> bool:
    url = gate.base_url + "beta/models"
    return gate.http.get(url, headers={"x-goog-api-key": key}).status_code == 200


async def test_calls_and_streams_of_asyncio(client: Client) -> None:
    answer = await client.aio.models.generate_content(model=FLASH, contents="hi")
    assert answer.text
    stream = await client.aio.models.generate_content_stream(model=FLASH, contents="hi")
    chunks = [chunk async for chunk in stream]
    assert chunks[-1].candidates
    await client.aio.aclose()


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "kind", "code", "said"),
    [
        ("gemini-1.5-pro", errors.ClientError, 403, "PERMISSION_DENIED"),
        ("no such model", errors.ClientError, 404, "NOT_FOUND"),
        ("sim-error-400", errors.ClientError, 400, "INVALID_ARGUMENT"),
        ("sim-error-401", errors.ServerError, 500, "INTERNAL"),
        ("sim-error-404", errors.ClientError, 404, "NOT_FOUND"),
        ("sim-error-429", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("sim-error-503", errors.ServerError, 503, "UNAVAILABLE"),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_each_refusal_has_its_class_and_is_sent_once(
    client: Client,
    gate: RunningGate,
    model: str,
    kind: type[errors.APIError],
    code: int,
    said: str,
    streams: bool,
) -> None:
    def ask() -> object:
        if streams:
            return [*client.models.generate_content_stream(model=model, contents="hi")]
        return client.models.generate_content(model=model, contents="hi")

    with pytest.raises(kind) as caught:
        ask()
    assert (caught.value.code, status_of(caught.value)) == (code, said)
    assert gate.requests == 1


def test_what_google_would_keep_or_do_later_is_refused_by_its_name(
    client: Client, gate: RunningGate
) -> None:
    asked: list[Callable[[], object]] = [
        lambda: client.caches.create(model=FLASH, config={"contents": "x"}),
        lambda: client.batches.create(model=FLASH, src=[types.InlinedRequest(contents="x")]),
        lambda: client.files.upload(file=__file__, config={"mime_type": "text/plain"}),
        lambda: client.models.generate_content(model="tunedModels/a", contents="hi"),
        client.file_search_stores.list,
    ]
    for ask in asked:
        with pytest.raises(errors.ClientError) as caught:
            ask()
        assert (caught.value.code, status_of(caught.value)) == (400, "INVALID_ARGUMENT")
        assert "inspected" in str(caught.value) or "ACCOUNT_WIDE" in str(caught.value)
    refused = [fact["operation"] for fact in gate.facts("call.refused")]
    assert refused == [
        "cachedContents",
        "batchGenerateContent",
        "upload",
        "tunedModels",
        "fileSearchStores",
    ]
    assert gate.provider.seen == []


def test_a_package_that_was_told_to_send_again_does_so_whatever_is_said(gate: RunningGate) -> None:
    """Nothing of this failure asks for it, and no header of ours can stop it."""
    again = types.HttpRetryOptions(attempts=2, initial_delay=0, jitter=0)
    client = client_of(gate, retry_options=again)
    with pytest.raises(errors.ServerError):
        client.models.generate_content(model="sim-error-401", contents="hi")
    assert gate.requests == 2


def test_a_ledger_that_fails_says_when_to_come_again(client: Client, gate: RunningGate) -> None:
    client.models.generate_content(model=FLASH, contents="hi")
    gate.store.faults = [Fault.COMMIT]
    with pytest.raises(errors.ServerError) as caught:
        client.models.generate_content(model=FLASH, contents="hi")
    assert status_of(caught.value) == "UNAVAILABLE"
    assert "'retryDelay': '1s'" in str(caught.value)
    assert len(gate.provider.seen) == 1


@pytest.mark.parametrize(("model", "code"), [("sim-cut", 500), ("sim-overloaded", 503)])
def test_a_stream_that_fails_raises_and_is_not_repeated(
    client: Client, gate: RunningGate, model: str, code: int
) -> None:
    got: list[str] = []
    with pytest.raises(errors.ServerError) as caught:
        got.extend(
            chunk.text or ""
            for chunk in client.models.generate_content_stream(model=model, contents="hi")
        )
    assert caught.value.code == code
    assert got
    assert gate.ending() == "upstream_broken"
    assert gate.requests == 1


def test_a_prompt_that_google_refuses_is_a_complete_answer(
    client: Client, gate: RunningGate
) -> None:
    answer = client.models.generate_content(model="sim-blocked", contents="hi")
    (chunk,) = client.models.generate_content_stream(model="sim-blocked", contents="hi")
    for reply in (answer, chunk):
        assert reply.prompt_feedback is not None
        assert reply.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
    assert [fact["ending"] for fact in gate.facts("call.concluded")] == ["complete"] * 2


def test_a_stream_that_is_closed_early(client: Client, gate: RunningGate) -> None:
    stream = client.models.generate_content_stream(model="sim-silent", contents="hi")
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    client.close()
    assert gate.ending() == "client_disconnected"
