"""Every kind of refusal, as the unmodified packages understand it: class, code, requests made.

The answers are the gate's own; what raises them is tested elsewhere. Nothing is sent over a socket,
and the packages do not really wait before they send again.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import anthropic
import httpx2
import openai
import pytest

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
from gatebook.gateway.ending import answer_of
from gatebook.web.problem import Answer


class Row(NamedTuple):
    """A refusal, and what each package makes of it."""

    error: GatebookError
    openai: type[openai.APIStatusError]
    openai_said: str
    anthropic: type[anthropic.APIStatusError]
    anthropic_said: str
    status: int
    anthropic_status: int = 0
    requests: int = 1


def again(error: GatebookError) -> GatebookError:
    """The same, but that waiting can help."""
    error.retry_after_seconds = 1
    return error


ROWS = [
    Row(
        Unidentified("invalid_api_key", "No."),
        openai.AuthenticationError,
        "authentication_error",
        anthropic.AuthenticationError,
        "authentication_error",
        401,
    ),
    Row(
        Refused("agent_suspended", "No."),
        openai.PermissionDeniedError,
        "permission_error",
        anthropic.PermissionDeniedError,
        "permission_error",
        403,
    ),
    Row(
        Refused("approval_required", "Not yet."),
        openai.PermissionDeniedError,
        "permission_error",
        anthropic.PermissionDeniedError,
        "permission_error",
        403,
    ),
    Row(
        Invalid("content_policy_violation", "No."),
        openai.BadRequestError,
        "invalid_request_error",
        anthropic.BadRequestError,
        "invalid_request_error",
        400,
    ),
    Row(
        Invalid("body_too_large", "No."),
        openai.APIStatusError,
        "invalid_request_error",
        anthropic.ContentTooLargeError,
        "request_too_large",
        413,
    ),
    Row(
        NotFound("unknown_url", "No."),
        openai.NotFoundError,
        "invalid_request_error",
        anthropic.NotFoundError,
        "not_found_error",
        404,
    ),
    Row(
        again(Exhausted("rate_limit_exceeded", "Slowly.")),
        openai.RateLimitError,
        "rate_limit_error",
        anthropic.RateLimitError,
        "rate_limit_error",
        429,
        requests=3,
    ),
    Row(
        Exhausted("insufficient_quota", "Spent."),
        openai.RateLimitError,
        "insufficient_quota",
        anthropic.RateLimitError,
        "billing_error",
        429,
    ),
    Row(
        again(Unavailable("upstream_unavailable", "Gone.")),
        openai.InternalServerError,
        "server_error",
        anthropic.OverloadedError,
        "overloaded_error",
        503,
        529,
        requests=3,
    ),
    Row(
        Unavailable("upstream_timeout", "Slow."),
        openai.InternalServerError,
        "server_error",
        anthropic.GatewayTimeoutError,
        "timeout_error",
        504,
    ),
    Row(
        again(Unavailable("audit_unavailable", "Not now.")),
        openai.InternalServerError,
        "server_error",
        anthropic.ServiceUnavailableError,
        "api_error",
        503,
        requests=3,
    ),
    Row(
        GatebookError("internal_error", "Oh."),
        openai.InternalServerError,
        "server_error",
        anthropic.InternalServerError,
        "api_error",
        500,
    ),
]
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.error.code)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in (openai, anthropic):
        monkeypatch.setattr(f"{package.__name__}._base_client.time.sleep", lambda _: None)


def served(answer: Answer, asked: list[Any]) -> httpx2.Client:
    """An HTTP client that is given this answer whatever it asks, which is noted."""

    def given(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(answer.status, headers=answer.headers, content=answer.body)

    return httpx2.Client(transport=httpx2.MockTransport(given))


def raised(kind: type[Exception], ask: Callable[[], object]) -> Any:
    with pytest.raises(kind) as caught:
        ask()
    assert type(caught.value) is kind
    return caught.value


@pytest.mark.parametrize("name", ["openai", "azure"])
@EACH
def test_openais_package(row: Row, name: str) -> None:
    asked: list[Any] = []
    http = served(answer_of(dialects()[name], row.error, "s.1"), asked)
    with openai.OpenAI(api_key="k", http_client=http) as client:
        error = raised(
            row.openai,
            lambda: client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "hi"}]
            ),
        )
    said = (error.status_code, error.type, error.code, error.param)
    assert said == (row.status, row.openai_said, row.error.code, None)
    assert error.request_id == "s.1"
    assert len(asked) == row.requests


@EACH
def test_anthropics_package(row: Row) -> None:
    asked: list[Any] = []
    http = served(answer_of(dialects()["anthropic"], row.error, "s.1"), asked)
    with anthropic.Anthropic(api_key="k", http_client=http) as client:
        error = raised(
            row.anthropic,
            lambda: client.messages.create(
                model="m", max_tokens=1, messages=[{"role": "user", "content": "hi"}]
            ),
        )
    body = cast("dict[str, Any]", error.body)
    assert set(body) == {"type", "error", "request_id"}
    said = (error.status_code, body["error"]["type"], body["error"]["code"], body["request_id"])
    status = row.anthropic_status or row.status
    assert said == (status, row.anthropic_said, row.error.code, "s.1")
    assert error.request_id == "s.1"
    assert len(asked) == row.requests
