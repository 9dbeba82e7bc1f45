"""One table says what a failure is in HTTP, and whether to send the same request again."""

import json

import pytest

from gatebook.core.errors import (
    Conflict,
    Exhausted,
    GatebookError,
    Invalid,
    Misconfigured,
    NotFound,
    Refused,
    Tampered,
    Unavailable,
    Unidentified,
)
from gatebook.web.problem import headers_of, problem, status_of


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Invalid, 400),
        (Unidentified, 401),
        (Refused, 403),
        (NotFound, 404),
        (Conflict, 409),
        (Exhausted, 429),
        (Tampered, 500),
        (Misconfigured, 500),
        (GatebookError, 500),
        (Unavailable, 503),
    ],
)
def test_every_kind_has_its_status(kind: type[GatebookError], status: int) -> None:
    assert status_of(kind("some_code", "Some text.")) == status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("method_not_allowed", ""), 405),
        (Invalid("request_timeout", ""), 408),
        (Invalid("body_too_large", ""), 413),
        (Invalid("media_type_not_supported", ""), 415),
        (Invalid("head_too_large", ""), 431),
        (Unavailable("upstream_broken", ""), 502),
        (Unavailable("upstream_timeout", ""), 504),
    ],
)
def test_a_failure_for_which_http_has_a_status_has_that_one(
    error: GatebookError, status: int
) -> None:
    assert status_of(error) == status


def test_a_status_that_the_operator_chose_comes_before_all_others() -> None:
    error = Exhausted("insufficient_quota", "")
    error.status = 402
    assert status_of(error) == 402


def test_a_failure_that_waiting_can_heal_says_for_how_long() -> None:
    headers = dict(headers_of(Unavailable("x", "", retry_after_seconds=2)))
    assert headers == {
        b"x-should-retry": b"true",
        b"retry-after": b"2",
        b"retry-after-ms": b"2000",
    }


def test_any_other_is_not_sent_again_whatever_its_status() -> None:
    """The SDKs would retry 408, 409, 429 and 5xx by themselves."""
    assert dict(headers_of(Conflict("x", ""))) == {b"x-should-retry": b"false"}
    assert dict(headers_of(Unavailable("x", "")))[b"x-should-retry"] == b"false"


def test_who_is_not_identified_is_told_how_to_be() -> None:
    assert (b"www-authenticate", b"Bearer") in headers_of(Unidentified("x", ""))


def test_a_problem_is_rfc_9457() -> None:
    answer = problem(Refused("not_yours", "This is not yours.", "Ask for it."))
    assert answer.status == 403
    assert (b"content-type", b"application/problem+json") in answer.headers
    assert json.loads(answer.body) == {
        "title": "Forbidden",
        "status": 403,
        "code": "not_yours",
        "detail": "This is not yours.",
        "hint": "Ask for it.",
    }
