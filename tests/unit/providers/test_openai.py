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
from gatebook.providers import COMPATIBLE, members_known
from gatebook.providers.openai import BASE_URL, authorization, error_body

NEW, USUAL = {"max_completion_tokens", "stream_options"}, {"stream_options"}


@pytest.mark.parametrize(
    ("dialect", "base_url", "query", "known"),
    [
        ("openai", BASE_URL, "", NEW),
        ("openai", "https://eu.api.openai.com/v1/", "", NEW),
        ("openai", "https://mine.openai.azure.com/openai/v1", "", NEW),
        ("openai", "https://api.groq.com/openai/v1", "", USUAL),
        ("openai", "https://openai.com.example/v1", "", USUAL),
        ("openai", "https://example/api.openai.com/v1", "", USUAL),
        ("openai", "http://127.0.0.1:11434/v1", "", USUAL),
        ("openai", COMPATIBLE["mistral"], "", set()),
        ("azure", "https://mine.openai.azure.com", "api-version=2024-10-21", NEW),
        ("azure", "https://mine.openai.azure.com", "api-version=2024-09-01-preview", NEW),
        ("azure", "https://mine.openai.azure.com", "api-version=2024-06-01", set()),
        ("azure", "https://mine.openai.azure.com", "", NEW),
        ("anthropic", "https://api.anthropic.com", "", NEW),
    ],
)
def test_a_server_is_sent_no_member_that_it_would_refuse(
    dialect: str, base_url: str, query: str, known: set[str]
) -> None:
    assert members_known(dialect, base_url, query) == known


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
