"""Anthropic's credential and errors, as its SDK reads them."""

import json

import pytest

from gatebook.core.errors import (
    Exhausted,
    GatebookError,
    Invalid,
    NotFound,
    Refused,
    Unavailable,
    Unidentified,
)
from gatebook.providers.anthropic import authorization, error_body, status


def test_an_overload_has_a_status_of_its_own() -> None:
    assert status(Unavailable("upstream_unavailable", "A."), 503) == 529
    assert status(Unavailable("audit_unavailable", "A."), 503) == 503


def test_our_credential_is_an_api_key() -> None:
    assert authorization("sk-ant-1") == ("x-api-key", "sk-ant-1")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Invalid("a", "A."), "invalid_request_error"),
        (Invalid("body_too_large", "A."), "request_too_large"),
        (NotFound("a", "A."), "not_found_error"),
        (Unidentified("a", "A."), "authentication_error"),
        (Refused("a", "A."), "permission_error"),
        (Exhausted("a", "A."), "rate_limit_error"),
        (Exhausted("insufficient_quota", "A."), "billing_error"),
        (Unavailable("a", "A."), "api_error"),
        (Unavailable("upstream_timeout", "A."), "timeout_error"),
        (Unavailable("upstream_unavailable", "A."), "overloaded_error"),
        (GatebookError("a", "A."), "api_error"),
    ],
)
def test_errors_have_anthropics_shape(error: GatebookError, kind: str) -> None:
    said = {"type": kind, "message": "A.", "code": error.code}
    expected = {"type": "error", "error": said, "request_id": "s.1"}
    assert json.loads(error_body(error, "s.1")) == expected
    assert json.loads(error_body(error, ""))["request_id"] is None
