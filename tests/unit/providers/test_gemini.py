"""Google's credential and errors, as its SDK reads them."""

import json

import pytest

from gatebook.core.errors import (
    Conflict,
    Exhausted,
    GatebookError,
    Invalid,
    NotFound,
    Refused,
    Unavailable,
    Unidentified,
)
from gatebook.providers.gemini import authorization, error_body, status


def test_our_credential_is_an_api_key_in_a_header() -> None:
    assert authorization("AIza-1") == ("x-goog-api-key", "AIza-1")


@pytest.mark.parametrize(
    ("error", "http", "rpc"),
    [
        (Invalid("a", "A."), 400, "INVALID_ARGUMENT"),
        (Invalid("body_too_large", "A."), 400, "INVALID_ARGUMENT"),
        (Unidentified("a", "A."), 401, "UNAUTHENTICATED"),
        (Refused("a", "A."), 403, "PERMISSION_DENIED"),
        (NotFound("a", "A."), 404, "NOT_FOUND"),
        (Conflict("a", "A."), 409, "ABORTED"),
        (Exhausted("a", "A."), 429, "RESOURCE_EXHAUSTED"),
        (Unavailable("a", "A."), 503, "UNAVAILABLE"),
        (Unavailable("upstream_timeout", "A."), 504, "DEADLINE_EXCEEDED"),
        (Unavailable("upstream_broken", "A."), 500, "INTERNAL"),
        (GatebookError("a", "A."), 500, "INTERNAL"),
    ],
)
def test_errors_have_googles_shape_and_the_status_that_google_gives_them(
    error: GatebookError, http: int, rpc: str
) -> None:
    """The pairs are those of google/rpc/code.proto."""
    assert status(error, 418) == http
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": error.code.upper(),
        "domain": "gatebook",
        "metadata": {"entry": "s.1"},
    }
    expected = {"code": http, "message": "A.", "status": rpc, "details": [info]}
    assert json.loads(error_body(error, "s.1")) == {"error": expected}


def test_the_details_say_when_to_come_again_and_name_no_entry_where_there_is_none() -> None:
    error = Unavailable("a", "A.", retry_after_seconds=2)
    info, retry = json.loads(error_body(error, ""))["error"]["details"]
    assert info["metadata"] == {}
    assert retry == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}
