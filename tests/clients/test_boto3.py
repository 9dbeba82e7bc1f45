"""The unmodified `boto3` package against a running gate, over TLS: it sends no key without.

An agent's key goes where a Bedrock API key goes. Each refusal raises ClientError with the code that
AWS has for it, after exactly one HTTP request wherever sending the same again is pointless.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError, InvalidEndpointConfigurationError

from gatebook.app.authority import CA
from gatebook.app.settings import ServerSettings
from gatebook.core.secret import Secret
from gatebook.storage.database import Database, open_database
from gatebook.web.settings import TlsSettings
from tests.gates import RunningGate, eventually, open_running_gate, with_provider
from tests.simulators.stores import Fault

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
KEY_PAIR = "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
HI: list[dict[str, Any]] = [{"role": "user", "content": [{"text": "hi"}]}]
TOOLS = {"tools": [{"toolSpec": {"name": "look_up", "inputSchema": {"json": {"type": "object"}}}}]}
THINKS = {"thinking": {"type": "enabled", "budget_tokens": 1024}}


class Tls(NamedTuple):
    """A gate that manages its own certificate, and where its authority is."""

    gate: RunningGate
    ca: Path


@pytest.fixture
def tls(sqlite_url: str, tmp_path: Path) -> Iterator[Tls]:
    """A gate that is called over TLS."""
    with closing(open_database(sqlite_url)) as database, opened(database, tmp_path) as it:
        yield it


@contextmanager
def opened(database: Database, folder: Path, **settings: Any) -> Iterator[Tls]:
    """A gate with a provider for this dialect, to which requests are signed."""
    data = folder / "data"
    server = ServerSettings(data=str(data))
    options = {"tls": TlsSettings(self_managed=True), "server": server, **settings}
    with open_running_gate(database, **options) as gate:
        yield Tls(
            with_provider(gate, "bedrock", KEY_PAIR, region="eu-central-1"), data / "tls" / CA
        )


@pytest.fixture
def gate(tls: Tls) -> RunningGate:
    """The gate alone."""
    return tls.gate


@pytest.fixture
def client(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The package as its documentation sets it up, with a Bedrock API key."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", tls.gate.key)
    with client_of(tls) as made:
        yield made


@contextmanager
def client_of(tls: Tls, **options: Any) -> Iterator[Any]:
    """A client that finds its key in the environment."""
    made = boto3.Session().client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=tls.gate.base_url.removesuffix("/v1"),
        verify=str(tls.ca),
        config=Config(read_timeout=30, **options),
    )
    with closing(made):
        yield made


def code_of(error: ClientError) -> str:
    """The code of an error, once its message is seen to have come."""
    assert error.response["Error"]["Message"]
    return str(error.response["Error"]["Code"])


def test_a_call_is_recorded_with_its_tokens_and_leaves_signed_with_our_credential(
    client: Any, gate: RunningGate
) -> None:
    answer = client.converse(modelId=HAIKU, messages=HI, inferenceConfig={"maxTokens": 100})
    (block,) = answer["output"]["message"]["content"]
    assert block["text"].startswith("This answer")
    (intent,) = gate.events("call.intended")
    assert intent.header["d"]["model"] == HAIKU
    reference = answer["ResponseMetadata"]["HTTPHeaders"]["x-request-id"]
    assert reference == f"{intent.header['sid']}.{intent.sq}"
    (outcome,) = gate.facts("call.concluded")
    usage = answer["usage"]
    assert outcome["tokens_in"] == usage["inputTokens"] + 4 + 3
    assert outcome["tokens_out"] == usage["outputTokens"]
    (seen,) = gate.provider.seen
    assert seen.path == f"/model/{HAIKU.replace(':', '%3A')}/converse"
    signed = seen.headers["authorization"]
    assert signed.startswith("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/")
    assert (
        "/eu-central-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date" in signed
    )
    assert gate.key not in str(seen)
    assert "wJalrXUtnFEMI" not in str(seen)


def test_a_stream(client: Any, gate: RunningGate) -> None:
    events = [*client.converse_stream(modelId=HAIKU, messages=HI)["stream"]]
    deltas = [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]
    assert "".join(delta["delta"]["text"] for delta in deltas).startswith("This answer")
    assert "messageStop" in events[-2]
    (outcome,) = gate.facts("call.concluded")
    assert outcome["tokens_out"] == events[-1]["metadata"]["usage"]["outputTokens"]
    assert outcome["ending"] == "complete"
    assert "delivered" not in outcome  # every byte as it came


def test_a_stream_without_its_tokens_is_complete(client: Any, gate: RunningGate) -> None:
    events = [*client.converse_stream(modelId="sim-no-metadata", messages=HI)["stream"]]
    assert "messageStop" in events[-1]
    assert gate.ending() == "complete"


def test_tools(client: Any) -> None:
    answer = client.converse(modelId=HAIKU, messages=HI, toolConfig=TOOLS)
    assert answer["stopReason"] == "tool_use"
    assert answer["output"]["message"]["content"][0]["toolUse"]["name"] == "look_up"
    events = [*client.converse_stream(modelId=HAIKU, messages=HI, toolConfig=TOOLS)["stream"]]
    (start,) = [event["contentBlockStart"] for event in events if "contentBlockStart" in event]
    assert start["start"]["toolUse"]["name"] == "look_up"


def test_reasoning_is_passed_as_it_was_signed(client: Any) -> None:
    asked = {"modelId": HAIKU, "messages": HI, "additionalModelRequestFields": THINKS}
    answer = client.converse(**asked)
    assert "c2lnbmVkIGJ5IG5vYm9keQ==" in str(answer["output"])
    assert "c2lnbmVkIGJ5IG5vYm9keQ==" in str([*client.converse_stream(**asked)["stream"]])


def test_a_bedrock_key_of_ours_is_sent_as_it_is(client: Any, gate: RunningGate) -> None:
    key = Secret("ABSK-provider-0123456789")
    gate.office.order("rekey_provider", provider="bedrock", key=key)

    def authorization() -> str:
        client.converse(modelId=HAIKU, messages=HI)
        return gate.provider.seen[-1].headers["authorization"]

    eventually(lambda: authorization() == "Bearer ABSK-provider-0123456789")


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "status", "code", "requests"),
    [
        ("anthropic.claude-opus-4-1", 403, "AccessDeniedException", 1),
        ("sim-error-400", 400, "ValidationException", 1),
        ("sim-error-401", 424, "ModelErrorException", 1),
        ("sim-error-403", 403, "AccessDeniedException", 1),
        ("sim-error-424", 424, "ModelErrorException", 1),
        ("sim-error-429", 429, "ThrottlingException", 3),
        ("sim-error-503", 503, "ServiceUnavailableException", 3),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_each_refusal_has_its_code_and_is_sent_again_only_if_that_can_help(
    client: Any,
    gate: RunningGate,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    status: int,
    code: str,
    requests: int,
    streams: bool,
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    ask = client.converse_stream if streams else client.converse
    with pytest.raises(ClientError) as caught:
        ask(modelId=model, messages=HI)
    assert code_of(caught.value) == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert gate.requests == requests


def test_the_message_names_our_own_code_and_the_class_is_the_packages(client: Any) -> None:
    with pytest.raises(client.exceptions.AccessDeniedException) as caught:
        client.converse(modelId="anthropic.claude-opus-4-1", messages=HI)
    assert caught.value.response["message"].endswith("[model_not_allowed]")


def test_a_signature_is_turned_away_with_a_word_on_what_to_do(
    tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can check a signature without the secret, which never leaves the agent."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", tls.gate.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", tls.gate.key)
    with client_of(tls) as client, pytest.raises(ClientError) as caught:
        client.converse(modelId=HAIKU, messages=HI)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401
    assert "AWS_BEARER_TOKEN_BEDROCK" in str(caught.value)
    assert tls.gate.requests == 1


def test_the_package_sends_no_key_without_tls(
    sqlite_gate: RunningGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own rule, and why the how-to page asks for TLS."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", sqlite_gate.key)
    plain = Tls(sqlite_gate, Path("unused"))
    with (
        client_of(plain) as client,
        pytest.raises(InvalidEndpointConfigurationError, match="HTTPS"),
    ):
        client.converse(modelId=HAIKU, messages=HI)
    assert sqlite_gate.requests == 0


def test_what_nobody_could_look_into_is_refused_by_its_name(client: Any, gate: RunningGate) -> None:
    asked = [
        lambda: client.invoke_model(modelId=HAIKU, body=b"{}"),
        lambda: client.invoke_model_with_response_stream(modelId=HAIKU, body=b"{}"),
        lambda: client.count_tokens(modelId=HAIKU, input={"converse": {"messages": HI}}),
        client.list_async_invokes,
    ]
    for ask in asked:
        with pytest.raises(ClientError, match=r"\[(not_inspectable|account_wide)\]") as caught:
            ask()
        assert code_of(caught.value) == "ValidationException"
    assert [fact["operation"] for fact in gate.facts("call.refused")] == [
        "invoke",
        "invoke-with-response-stream",
        "count-tokens",
        "async-invoke",
    ]
    assert gate.provider.seen == []


def test_a_ledger_that_fails_once_is_asked_again(client: Any, gate: RunningGate) -> None:
    client.converse(modelId=HAIKU, messages=HI)
    gate.store.faults = [Fault.COMMIT]
    assert client.converse(modelId=HAIKU, messages=HI)["usage"]
    assert gate.requests == 3
    assert len(gate.provider.seen) == 2


@pytest.mark.parametrize("mode", ["legacy", "adaptive"])
def test_the_other_ways_to_send_again_go_by_the_same_statuses(
    tls: Tls, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", tls.gate.key)
    with client_of(tls, retries={"mode": mode}) as client:
        for model in ("sim-error-401", "anthropic.claude-opus-4-1"):
            with pytest.raises(ClientError):
                client.converse(modelId=model, messages=HI)
    assert tls.gate.requests == 2


@pytest.mark.parametrize(
    ("model", "code"),
    [("sim-cut", "modelStreamErrorException"), ("sim-overloaded", "throttlingException")],
)
def test_a_stream_that_fails_raises_and_is_not_repeated(
    client: Any, gate: RunningGate, model: str, code: str
) -> None:
    got: list[dict[str, Any]] = []
    stream = client.converse_stream(modelId=model, messages=HI)["stream"]
    with closing(stream), pytest.raises(EventStreamError) as caught:
        got.extend(stream)
    assert code_of(caught.value) == code
    assert "messageStart" in got[0]
    assert gate.ending() == "upstream_broken"
    assert gate.requests == 1


def test_a_stream_that_is_closed_early(client: Any, gate: RunningGate) -> None:
    with closing(client.converse_stream(modelId="sim-silent", messages=HI)["stream"]) as stream:
        next(iter(stream))
    assert gate.ending() == "client_disconnected"
    assert gate.provider.left == 1
