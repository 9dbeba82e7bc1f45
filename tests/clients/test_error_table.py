"""Every kind of refusal in every dialect, as its unmodified package has it from a running gate.

A row (`error_rows.py`) puts the gate into the state; here stand what each family of packages makes
of its kind, and how often it sends. The packages do not really wait before they send again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.gateway.settings import UpstreamSettings
from gatebook.policy.limits.settings import LimitSettings
from gatebook.storage.database import open_database
from tests.clients.error_rows import DIALECTS, ELSEWHERE, ROWS, Row, World, name_of_row
from tests.clients.speakers import Speaker, Told
from tests.clients.test_boto3 import Tls, opened
from tests.gates import SETTINGS, with_provider

OTHERS_SEND = {"openai": 3, "anthropic": 3, "gemini": 1, "bedrock": 3}
"""How many requests each package makes where sending again can help; Google's never sends again."""

# By what the caller can do: status, class and the vendor's word for it, in each family of errors.
KINDS: dict[str, dict[str, tuple[int, str, str]]] = {
    "unidentified": {
        "openai": (401, "AuthenticationError", "authentication_error"),
        "anthropic": (401, "AuthenticationError", "authentication_error"),
        "gemini": (401, "ClientError", "UNAUTHENTICATED"),
        "bedrock": (401, "ClientError", "UnrecognizedClientException"),
    },
    "refused": {
        "openai": (403, "PermissionDeniedError", "permission_error"),
        "anthropic": (403, "PermissionDeniedError", "permission_error"),
        "gemini": (403, "ClientError", "PERMISSION_DENIED"),
        "bedrock": (403, "ClientError", "AccessDeniedException"),
    },
    "invalid": {
        "openai": (400, "BadRequestError", "invalid_request_error"),
        "anthropic": (400, "BadRequestError", "invalid_request_error"),
        "gemini": (400, "ClientError", "INVALID_ARGUMENT"),
        "bedrock": (400, "ClientError", "ValidationException"),
    },
    "too large": {
        "openai": (413, "APIStatusError", "invalid_request_error"),
        "anthropic": (413, "ContentTooLargeError", "request_too_large"),
        "gemini": (400, "ClientError", "INVALID_ARGUMENT"),
        "bedrock": (413, "ClientError", "ValidationException"),
    },
    "unknown": {
        "openai": (404, "NotFoundError", "invalid_request_error"),
        "anthropic": (404, "NotFoundError", "not_found_error"),
        "gemini": (404, "ClientError", "NOT_FOUND"),
        "bedrock": (404, "ClientError", "ResourceNotFoundException"),
    },
    "too fast": {
        "openai": (429, "RateLimitError", "rate_limit_error"),
        "anthropic": (429, "RateLimitError", "rate_limit_error"),
        "gemini": (429, "ClientError", "RESOURCE_EXHAUSTED"),
        "bedrock": (429, "ClientError", "ThrottlingException"),
    },
    "spent": {
        "openai": (429, "RateLimitError", "insufficient_quota"),
        "anthropic": (429, "RateLimitError", "billing_error"),
        "gemini": (429, "ClientError", "RESOURCE_EXHAUSTED"),
        "bedrock": (400, "ClientError", "ServiceQuotaExceededException"),
    },
    "spent, 402": {
        "openai": (402, "APIStatusError", "insufficient_quota"),
        "anthropic": (402, "PaymentRequiredError", "billing_error"),
        "gemini": (402, "ClientError", "RESOURCE_EXHAUSTED"),
        "bedrock": (400, "ClientError", "ServiceQuotaExceededException"),
    },
    "overloaded": {
        "openai": (503, "InternalServerError", "server_error"),
        "anthropic": (529, "OverloadedError", "overloaded_error"),
        "gemini": (503, "ServerError", "UNAVAILABLE"),
        "bedrock": (503, "ClientError", "ServiceUnavailableException"),
    },
    "timeout": {
        "openai": (504, "InternalServerError", "server_error"),
        "anthropic": (504, "GatewayTimeoutError", "timeout_error"),
        "gemini": (504, "ServerError", "DEADLINE_EXCEEDED"),
        "bedrock": (408, "ClientError", "ModelTimeoutException"),
    },
    "unavailable": {
        "openai": (503, "InternalServerError", "server_error"),
        "anthropic": (503, "ServiceUnavailableError", "api_error"),
        "gemini": (503, "ServerError", "UNAVAILABLE"),
        "bedrock": (503, "ClientError", "ServiceUnavailableException"),
    },
    "withheld": {
        "openai": (503, "InternalServerError", "server_error"),
        "anthropic": (503, "ServiceUnavailableError", "api_error"),
        "gemini": (503, "ServerError", "UNAVAILABLE"),
        "bedrock": (424, "ClientError", "ModelErrorException"),
    },
    "broken": {
        "openai": (500, "InternalServerError", "server_error"),
        "anthropic": (500, "InternalServerError", "api_error"),
        "gemini": (500, "ServerError", "INTERNAL"),
        "bedrock": (424, "ClientError", "ModelErrorException"),
    },
}


# -- the gates -------------------------------------------------------------------------------------


@contextmanager
def _gate(template: Path, folder: Path, **settings: Any) -> Iterator[Tls]:
    """A gate with a provider for each dialect."""
    path = folder / "gatebook.db"
    path.write_bytes(template.read_bytes())
    with (
        closing(open_database(f"sqlite:///{path}")) as database,
        opened(database, folder, **settings) as tls,
    ):
        for dialect in ("anthropic", "gemini", "azure"):
            with_provider(tls.gate, dialect, f"{dialect}-provider-0123456789")
        yield tls


@pytest.fixture(scope="module")
def usual(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tls]:
    """One gate for all rows: each has an agent of its own."""
    settings = {
        "settings": replace(SETTINGS, body_limit_bytes=1024 * 1024),
        "upstream": UpstreamSettings(breaker_failures=3, breaker_seconds=30),
    }
    with _gate(sqlite_template, tmp_path_factory.mktemp("usual"), **settings) as tls:
        yield tls


@pytest.fixture(scope="module")
def other(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tls]:
    """One that is impatient, and names a spent budget by the other status."""
    settings = {
        "settings": replace(SETTINGS, first_byte_seconds=1),
        "limits": LimitSettings(exhausted_status=402),
    }
    with _gate(sqlite_template, tmp_path_factory.mktemp("other"), **settings) as tls:
        yield tls


# -- the tests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("row", ROWS, ids=name_of_row)
def test_a_refusal(usual: Tls, row: Row, dialect: str) -> None:
    _see(usual, row, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("row", ELSEWHERE, ids=name_of_row)
def test_a_refusal_by_other_settings(other: Tls, row: Row, dialect: str) -> None:
    _see(other, row, dialect)


def _see(tls: Tls, row: Row, dialect: str) -> None:
    """Put the gate into the state and speak the dialect, whole and streamed."""
    with ExitStack() as stack:
        world = World(tls, dialect, stack)
        row.state(world)
        world.heard()
        speaker = world.speaker()
        family = speaker.family
        for ask in world.asks:
            before, sent = tls.gate.requests, _sent(tls)
            told = _raised(speaker, ask)
            assert told[:4] == (*KINDS[row.kind][family], row.code)
            assert tls.gate.requests - before == (OTHERS_SEND[family] if row.helps else 1)
            may_leave = row.kind in ("timeout", "withheld")
            assert _sent(tls) - sent == int(may_leave)
            _check_headers(told, row)


def _sent(tls: Tls) -> int:
    """Calls that came to the providers; they are asked how they are beside that."""
    return [seen.method for seen in tls.gate.provider.seen].count("POST")


def _raised(speaker: Speaker, ask: Callable[[Speaker], object]) -> Told:
    """What the package raises; it does not wait before it sends again."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(time, "sleep", lambda _: None)
        with pytest.raises(Exception) as caught:
            ask(speaker)
    return speaker.told(caught.value)


def _check_headers(told: Told, row: Row) -> None:
    """What a client goes by that looks at headers; a reference names the entry."""
    assert told.headers["x-should-retry"] == ("true" if row.helps else "false")
    assert ("retry-after" in told.headers) == row.helps
    assert ("x-request-id" in told.headers) == row.recorded
    assert ("www-authenticate" in told.headers) == (row.kind == "unidentified")


# -- streams ---------------------------------------------------------------------------------------

FILTERED = {
    "chat": "content_filter",
    "responses": "content_filter",
    "azure": "content_filter",
    "anthropic": "refusal",
    "gemini": "SAFETY",
    "bedrock": "guardrail_intervened",
}
CUT = {
    "openai": (200, "APIError", "server_error"),
    "anthropic": (200, "APIStatusError", "api_error"),
    "gemini": (500, "ServerError", "INTERNAL"),
    "bedrock": (200, "EventStreamError", "modelStreamErrorException"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_live_stream_that_is_stopped_ends_as_a_filter_of_content_ends_it(
    usual: Tls, dialect: str
) -> None:
    with ExitStack() as stack:
        world = World(usual, dialect, stack)
        world.enroll()
        world.heard()
        speaker, before = world.speaker(), usual.gate.requests
        events = speaker.stream("sim-silent")
        begun = [next(events)]
        usual.gate.engage("agent", world.name)
        begun += events
        last = begun[-2] if speaker.family in ("anthropic", "bedrock") else begun[-1]
        assert speaker.ended(last) == FILTERED[dialect]
        assert usual.gate.requests - before == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_live_stream_that_its_provider_breaks_off_raises_and_is_not_sent_again(
    usual: Tls, dialect: str
) -> None:
    with ExitStack() as stack:
        world = World(usual, dialect, stack)
        world.enroll()
        world.heard()
        speaker, before = world.speaker(), usual.gate.requests
        got: list[Any] = []
        told = _raised(speaker, lambda speaker: got.extend(speaker.stream("sim-cut")))
        assert told[:4] == (*CUT[speaker.family], "upstream_broken")
        assert usual.gate.requests - before == 1
