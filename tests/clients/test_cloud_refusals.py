"""Every kind of refusal, and streams that end early, as Google's and Amazon's packages see them.

The answers are the gate's own; what raises them is tested elsewhere. Nothing is sent over a socket,
and the packages do not really wait before they send again.
"""

from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from itertools import islice
from typing import Any, NamedTuple

import boto3
import httpx2
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, EventStreamError
from google.genai import Client, errors, types

from gatebook.app import simulated_bedrock, simulated_gemini
from gatebook.app.folders import dialects
from gatebook.core.errors import (
    Exhausted,
    GatebookError,
    Invalid,
    NotFound,
    Refused,
    Unavailable,
    Unidentified,
)
from gatebook.formats import Call, Operation
from gatebook.gateway.ending import answer_of
from gatebook.providers.bedrock import CONVERSE_STREAM
from gatebook.providers.gemini import OPERATIONS
from gatebook.web.problem import Answer

STREAM = next(each for each in OPERATIONS if each.name == "streamGenerateContent")
HI = [{"role": "user", "content": [{"text": "hi"}]}]
SAID = "some words that go on and on"
STOPPED = Refused("stopped", "Somebody stopped this.")


class Row(NamedTuple):
    """A refusal, and what each package makes of it."""

    error: GatebookError
    google: tuple[type[errors.APIError], int, str]
    amazon: tuple[int, str]
    requests: int = 1
    """How many the package of Amazon makes; that of Google makes one."""


def again(error: GatebookError) -> GatebookError:
    """The same, but that waiting can help."""
    error.retry_after_seconds = 1
    return error


ROWS = [
    Row(
        Unidentified("invalid_api_key", "No."),
        (errors.ClientError, 401, "UNAUTHENTICATED"),
        (401, "UnrecognizedClientException"),
    ),
    Row(
        Refused("agent_suspended", "No."),
        (errors.ClientError, 403, "PERMISSION_DENIED"),
        (403, "AccessDeniedException"),
    ),
    Row(
        Refused("approval_required", "Not yet."),
        (errors.ClientError, 403, "PERMISSION_DENIED"),
        (403, "AccessDeniedException"),
    ),
    Row(
        Invalid("content_policy_violation", "No."),
        (errors.ClientError, 400, "INVALID_ARGUMENT"),
        (400, "ValidationException"),
    ),
    Row(
        Invalid("body_too_large", "No."),
        (errors.ClientError, 400, "INVALID_ARGUMENT"),
        (413, "ValidationException"),
    ),
    Row(
        NotFound("unknown_url", "No."),
        (errors.ClientError, 404, "NOT_FOUND"),
        (404, "ResourceNotFoundException"),
    ),
    Row(
        again(Exhausted("rate_limit_exceeded", "Slowly.")),
        (errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        (429, "ThrottlingException"),
        requests=3,
    ),
    Row(
        Exhausted("insufficient_quota", "Spent."),
        (errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        (400, "ServiceQuotaExceededException"),
    ),
    Row(
        again(Unavailable("upstream_unavailable", "Gone.")),
        (errors.ServerError, 503, "UNAVAILABLE"),
        (503, "ServiceUnavailableException"),
        requests=3,
    ),
    Row(
        Unavailable("upstream_timeout", "Slow."),
        (errors.ServerError, 504, "DEADLINE_EXCEEDED"),
        (408, "ModelTimeoutException"),
    ),
    Row(
        again(Unavailable("audit_unavailable", "Not now.")),
        (errors.ServerError, 503, "UNAVAILABLE"),
        (503, "ServiceUnavailableException"),
        requests=3,
    ),
    Row(
        Unavailable("audit_unavailable", "Withheld."),
        (errors.ServerError, 503, "UNAVAILABLE"),
        (424, "ModelErrorException"),
    ),
    Row(
        GatebookError("internal_error", "Oh."),
        (errors.ServerError, 500, "INTERNAL"),
        (424, "ModelErrorException"),
    ),
]
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.error.code} {row.requests}")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "k")


def of_google(answer: Answer, asked: list[Any]) -> Client:
    """A client that is given this answer whatever it asks, which is noted."""

    def given(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(answer.status, headers=answer.headers, content=answer.body)

    transport = httpx2.MockTransport(given)
    return Client(api_key="k", http_options=types.HttpOptions(client_args={"transport": transport}))


class Raw(BytesIO):
    """A body as urllib3 would give it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """The body in one piece."""
        yield self.read()


def of_amazon(answer: Answer, asked: list[Any]) -> Any:
    """The same for Amazon's package."""

    def given(request: Any, **_: Any) -> AWSResponse:
        asked.append(request)
        headers = {name.decode(): value.decode() for name, value in answer.headers}
        return AWSResponse(request.url, answer.status, headers, Raw(answer.body))

    client = boto3.Session().client("bedrock-runtime", region_name="us-east-1")
    client.meta.events.register("before-send.bedrock-runtime.*", given)
    return client


@EACH
def test_googles_package(row: Row) -> None:
    asked: list[Any] = []
    client = of_google(answer_of(dialects()["gemini"], row.error, "s.1"), asked)
    kind, status, said = row.google
    with closing(client), pytest.raises(kind) as caught:
        client.models.generate_content(model="m", contents="hi")
    assert (type(caught.value), caught.value.code, caught.value.status) == (kind, status, said)
    error = caught.value.details["error"]
    assert error["code"] == status
    assert error["details"][0]["reason"] == row.error.code.upper()
    assert error["details"][0]["metadata"] == {"entry": "s.1"}
    assert len(asked) == 1


@EACH
def test_amazons_package(row: Row) -> None:
    asked: list[Any] = []
    client = of_amazon(answer_of(dialects()["bedrock"], row.error, "s.1"), asked)
    with closing(client), pytest.raises(ClientError) as caught:
        client.converse(modelId="m", messages=HI)
    response = caught.value.response
    said = (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"])
    assert said == row.amazon
    assert response["Error"]["Message"] == f"{row.error.detail} [{row.error.code}]"
    assert response["ResponseMetadata"]["HTTPHeaders"]["x-request-id"] == "s.1"
    assert len(asked) == row.requests


# -- streams ---------------------------------------------------------------------------------------


def begun(operation: Operation, events: Iterator[bytes]) -> tuple[bytes, Any]:
    """What the agent was given of a stream so far, and its follower."""
    stream = operation.format.stream(Call(operation=operation, path=operation.path))
    return stream.feed(b"".join(islice(events, 4))), stream


def contents() -> tuple[bytes, Any]:
    request = simulated_gemini.Request(contents=[])
    at = simulated_gemini.Asked("m", "streamGenerateContent")
    return begun(STREAM, simulated_gemini.events(request, at, SAID))


def converse() -> tuple[bytes, Any]:
    request = simulated_bedrock.Request(messages=HI)
    return begun(CONVERSE_STREAM, simulated_bedrock.events(request, "m", SAID))


def generated(body: bytes) -> Iterator[types.GenerateContentResponse]:
    answer = Answer(200, [(b"content-type", b"text/event-stream")], body)
    with closing(of_google(answer, [])) as client:
        yield from client.models.generate_content_stream(model="m", contents="hi")


def conversed(body: bytes) -> Iterator[dict[str, Any]]:
    answer = Answer(200, [(b"content-type", b"application/vnd.amazon.eventstream")], body)
    with closing(of_amazon(answer, [])) as client:
        yield from client.converse_stream(modelId="m", messages=HI)["stream"]


def test_contents_end_as_filtered() -> None:
    given, stream = contents()
    chunks = [*generated(given + stream.cut())]
    reasons = [candidate.finish_reason for candidate in chunks[-1].candidates or ()]
    assert reasons == [types.FinishReason.SAFETY]
    assert "".join(chunk.text or "" for chunk in chunks) == "some words that go "


def test_a_conversation_ends_as_a_guardrail_ends_it() -> None:
    given, stream = converse()
    *_, block, stop, metadata = conversed(given + stream.cut())
    assert block == {"contentBlockStop": {"contentBlockIndex": 0}}
    assert stop == {"messageStop": {"stopReason": "guardrail_intervened"}}
    assert metadata["metadata"]["usage"]["totalTokens"] == 0


def test_an_error_of_ours_is_raised_by_googles_package() -> None:
    given, stream = contents()
    body = dialects()["gemini"].error_body(STOPPED, "s.1")
    with pytest.raises(errors.ClientError) as caught:
        list(generated(given + stream.error_event(body)))
    assert (caught.value.code, caught.value.status) == (403, "PERMISSION_DENIED")


def test_an_error_of_ours_is_raised_by_amazons_package() -> None:
    given, stream = converse()
    body = dialects()["bedrock"].error_body(STOPPED, "s.1")
    with pytest.raises(EventStreamError) as caught:
        list(conversed(given + stream.error_event(body)))
    assert caught.value.response["Error"] == {
        "Code": "modelStreamErrorException",
        "Message": "Somebody stopped this. [stopped]",
    }
