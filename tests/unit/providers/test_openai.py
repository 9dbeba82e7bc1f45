"""OpenAI's credential and errors, as its SDK reads them."""

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
from gatebook.providers import is_vendors_own
from gatebook.providers.openai import BASE_URL, authorization, error_body


@pytest.mark.parametrize(
    ("base_url", "is_so"),
    [
        (BASE_URL, True),
        ("https://eu.api.openai.com/v1/", True),
        ("https://mine.openai.azure.com/openai/v1", True),
        ("https://api.groq.com/openai/v1", False),
        ("https://openai.com.example/v1", False),
        ("https://example/api.openai.com/v1", False),
        ("http://127.0.0.1:11434/v1", False),
    ],
)
def test_openai_is_told_from_those_who_speak_as_it_does(base_url: str, is_so: bool) -> None:
    assert is_vendors_own("openai", base_url) is is_so
    assert is_vendors_own("anthropic", base_url)


def test_our_credential_is_a_bearer_token() -> None:
    assert authorization("sk-1") == ("Authorization", "Bearer sk-1")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Invalid("a", "A."), "invalid_request_error"),
        (NotFound("a", "A."), "invalid_request_error"),
        (Unidentified("a", "A."), "authentication_error"),
        (Refused("a", "A."), "permission_error"),
        (Exhausted("a", "A."), "rate_limit_error"),
        (Exhausted("insufficient_quota", "A."), "insufficient_quota"),
        (Unavailable("a", "A."), "server_error"),
        (GatebookError("a", "A."), "server_error"),
    ],
)
def test_errors_have_openais_shape(error: GatebookError, kind: str) -> None:
    """Code is text and param is null: SDKs of other languages refuse numbers there."""
    expected = {"error": {"message": "A.", "type": kind, "param": None, "code": error.code}}
    assert json.loads(error_body(error, "s.1")) == expected
