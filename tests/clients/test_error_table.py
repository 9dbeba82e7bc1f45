"""Every kind of refusal in every dialect, as its unmodified package has it from a running gate.

A row is a small function that puts the gate into the state; what it is called, what an agent is
told, whether sending again can help and how often each package sends are the table. The packages do
not really wait before they send again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from gatebook.core.errors import Invalid, Refused, Unavailable
from gatebook.gateway import pipeline
from gatebook.gateway.settings import UpstreamSettings
from gatebook.ledger.events import Event
from gatebook.ledger.events.call import CallConcluded
from gatebook.policy.settings import LimitSettings
from gatebook.storage.database import open_database
from tests.clients.speakers import MOST, SPEAKERS, Speaker, Told
from tests.clients.test_boto3 import Tls, opened
from tests.gates import MODELS, SETTINGS, eventually, with_provider
from tests.simulators.stores import Fault

DIALECTS = [*SPEAKERS]
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


class World:
    """A gate, and what a row may do to it before one dialect is spoken."""

    def __init__(self, tls: Tls, dialect: str, stack: ExitStack) -> None:
        self.tls = tls
        self.gate = tls.gate
        self.speaks = SPEAKERS[dialect]
        self.number = DIALECTS.index(dialect)
        self.stack = stack
        self.model = self.speaks.model
        self.text = "hi"
        self.asks: list[Callable[[Speaker], object]] = [
            lambda speaker: speaker.whole(self.model, self.text),
            lambda speaker: list(speaker.stream(self.model, self.text)),
        ]
        self.key: str | None = ""

    def enroll(self, **values: Any) -> str:
        """Have the call made by an agent of its own; its name."""
        self.name = f"bot-{next(_NUMBERS)}"
        scope = {"model": MODELS, **values}
        answer = self.gate.office.enroll(name=self.name, **scope)
        assert answer.shown_once is not None
        self.key = answer.shown_once.reveal()
        return self.name

    def order(self, command: str, **values: Any) -> None:
        """Give an order about that agent."""
        self.gate.office.order(command, agent=self.name, reason="to see it", **values)

    def heard(self) -> None:
        """Wait until the gate knows of all that was ordered."""
        snapshots, revision = (
            self.gate.application._gate.snapshots,
            self.gate.office.directory.revision,
        )
        eventually(lambda: snapshots.current().directory.revision >= revision)

    def speaker(self) -> Speaker:
        """The package, set up with the key."""
        monkeypatch = self.stack.enter_context(pytest.MonkeyPatch.context())
        monkeypatch.setenv("SSL_CERT_FILE", str(self.tls.ca))
        if self.key is not None:
            monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", self.key)
        speaker = self.speaks(self.tls, self.key)
        self.stack.callback(speaker.opened.close)
        return speaker

    def replaces(self, stage: str, raises: Exception) -> None:
        """Have a stage of the pipeline fail."""

        def failing(*_: object) -> None:
            raise raises

        monkeypatch = self.stack.enter_context(pytest.MonkeyPatch.context())
        monkeypatch.setattr(pipeline, stage, failing)


_NUMBERS = count()


# -- the rows --------------------------------------------------------------------------------------


def no_key(world: World) -> None:
    world.key = None


def invalid_key(world: World) -> None:
    world.enroll()
    world.key = f"{world.key}0"


def expired_key(world: World) -> None:
    clock = world.gate.office.clock
    clock.advance(-120)
    world.enroll(key_life_seconds=60)
    clock.advance(120)


def revoked_key(world: World) -> None:
    world.enroll()
    world.order("revoke_key")


def other_address(world: World) -> None:
    world.enroll(source=["192.0.2.7"])


def suspended(world: World) -> None:
    world.enroll()
    world.order("suspend_agent")


def retired(world: World) -> None:
    world.enroll()
    world.order("retire_agent")


def stopped(world: World) -> None:
    world.enroll()
    world.heard()
    world.gate.engage("agent", world.name)


def other_model(world: World) -> None:
    world.enroll(model=["o4-*"])


def other_provider(world: World) -> None:
    world.enroll(provider=["another"])


def other_operation(world: World) -> None:
    world.enroll(operation=["embeddings"])


def text_not_allowed(world: World) -> None:
    """No part looks into texts yet; one that does raises this."""
    world.enroll()
    world.replaces("inspect", Invalid("content_policy_violation", "No."))


def waits_for_approval(world: World) -> None:
    """No part asks people yet; one that does raises this."""
    world.enroll()
    world.replaces("permit", Refused("approval_required", "Not yet."))


def too_large(world: World) -> None:
    world.enroll()
    world.text = "a" * (1024 * 1024)


def too_fast(world: World) -> None:
    world.enroll()
    world.order("set_limit", limit="1requests/minute")
    world.heard()
    world.speaker().whole(world.model)


def budget(world: World) -> None:
    world.enroll()
    world.order("set_limit", limit=f"{MOST}tokens/month")


def circuit(world: World) -> None:
    """Each dialect fails by a status of its own: those of one vendor share their circuits."""
    world.enroll()
    world.model = f"sim-error-{510 + world.number}"
    world.heard()
    speaker = world.speaker()
    breakers = world.gate.application._gate.breakers
    before = breakers.open_count
    while breakers.open_count == before:
        with pytest.raises(Exception, match=r"(?i)as the model|error"):
            speaker.whole(world.model)


def timeout(world: World) -> None:
    world.enroll()
    world.model = f"sim-slow-{30 + world.number}"  # circuits are shared here, too


def book_down(world: World) -> None:
    world.enroll()
    world.heard()
    world.gate.store.faults = [Fault.COMMIT] * 1000

    def mend() -> None:
        world.gate.store.faults = []
        eventually(lambda: world.gate.ask().status_code == 200)

    world.stack.callback(mend)


def outcome_lost(world: World) -> None:
    """Of a whole answer; a stream has begun by then."""
    world.enroll()
    world.asks = world.asks[:1]
    book = world.gate.application._gate.book
    real = book.record

    async def failing(log: str, event: Event, **options: Any) -> Any:
        if isinstance(event, CallConcluded):
            raise Unavailable("audit_unavailable", "It cannot be recorded.")
        return await real(log, event, **options)

    world.stack.enter_context(pytest.MonkeyPatch.context()).setattr(book, "record", failing)


def nobody_expected(world: World) -> None:
    world.enroll()
    world.replaces("inspect", RuntimeError("nobody expected this"))


def not_served(world: World) -> None:
    world.enroll()
    world.asks = [lambda speaker: speaker.unserved()]


def unknown_address(world: World) -> None:
    world.enroll()
    world.asks = [lambda speaker: speaker.unknown()]


class Row(NamedTuple):
    """A refusal: how it comes about, what it is to a vendor and to us."""

    state: Callable[[World], None]
    kind: str
    code: str
    helps: bool = False
    """Whether sending the same again can help."""
    recorded: bool = True
    """Whether there is an entry, which the answer names."""


ROWS = [
    Row(no_key, "unidentified", "invalid_api_key", recorded=False),
    Row(invalid_key, "unidentified", "invalid_api_key", recorded=False),
    Row(expired_key, "unidentified", "key_expired"),
    Row(revoked_key, "unidentified", "invalid_api_key"),
    Row(retired, "unidentified", "invalid_api_key"),
    Row(other_address, "refused", "ip_not_allowed"),
    Row(suspended, "refused", "agent_suspended"),
    Row(stopped, "refused", "stopped"),
    Row(other_model, "refused", "model_not_allowed"),
    Row(other_provider, "refused", "provider_not_allowed"),
    Row(other_operation, "refused", "operation_not_allowed"),
    Row(waits_for_approval, "refused", "approval_required"),
    Row(text_not_allowed, "invalid", "content_policy_violation"),
    Row(too_large, "too large", "body_too_large"),
    Row(too_fast, "too fast", "rate_limit_exceeded", helps=True),
    Row(budget, "spent", "insufficient_quota"),
    Row(circuit, "overloaded", "upstream_unavailable", helps=True),
    Row(book_down, "unavailable", "audit_unavailable", helps=True, recorded=False),
    Row(outcome_lost, "withheld", "audit_unavailable"),
    Row(nobody_expected, "broken", "internal_error"),
    Row(not_served, "invalid", "account_wide"),
    Row(unknown_address, "unknown", "unknown_url"),
]
ELSEWHERE = [
    Row(budget, "spent, 402", "insufficient_quota"),
    Row(timeout, "timeout", "upstream_timeout"),
]
"""Those that need other settings."""


def _names(row: Row) -> str:
    return row.state.__name__


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
@pytest.mark.parametrize("row", ROWS, ids=_names)
def test_a_refusal(usual: Tls, row: Row, dialect: str) -> None:
    _see(usual, row, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("row", ELSEWHERE, ids=_names)
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
