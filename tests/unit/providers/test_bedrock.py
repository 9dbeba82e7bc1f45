"""Amazon's credential, its signature and its errors, as botocore makes and reads them."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, strategies as st

from gatebook.core.errors import (
    Conflict,
    Exhausted,
    GatebookError,
    Invalid,
    Misconfigured,
    NotFound,
    Refused,
    Unavailable,
    Unidentified,
)
from gatebook.providers import Outgoing
from gatebook.providers.bedrock import authorization, error_body, status
from tests.vectors import load

ID, SECRET, TOKEN = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3=="
NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
NOON_US = int(NOON.timestamp()) * 1_000_000


def outgoing(host: str, path: str = "/model/a.b-v1%3A0/converse") -> Outgoing:
    headers = {"Host": host, "Content-Type": "application/json"}
    return Outgoing("POST", f"https://{host}{path}", headers, b'{"messages":[]}', "")


def signed(credential: str, request: Outgoing) -> dict[str, str]:
    signer = authorization(credential)
    assert not isinstance(signer, tuple)
    return dict(signer(request, NOON_US + 999_999))


@pytest.mark.parametrize("key", ["ABSKQmVkcm9ja0FQSUtleQ==", "bedrock-api-key-YmVkcm9jaw=="])
def test_a_bedrock_key_is_a_bearer_token(key: str) -> None:
    assert authorization(key) == ("Authorization", f"Bearer {key}")


MODELS = st.from_regex(r"([A-Za-z0-9]([A-Za-z0-9._:@~+-]|%3[Aa]){0,40})", fullmatch=True)
HOSTS = st.sampled_from(["bedrock-runtime.eu-central-1.amazonaws.com", "localhost:8080", "[::1]:1"])
TOKENS = st.from_regex(r"([A-Za-z0-9+/=]{1,60})?", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(MODELS, HOSTS, TOKENS, VALUES, st.binary(max_size=100), st.integers(0, 2**32))
def test_a_pair_of_keys_signs_as_botocore_would_at_this_time(
    model: str, host: str, token: str, value: str, body: bytes, seconds: int
) -> None:
    """Every request that may leave, by the vendor's own signer."""
    url = f"https://{host}/base/model/{model}/converse"
    headers = {"Host": host, "Content-Type": "application/json", "X-More": value}
    theirs = AWSRequest("POST", url, headers=headers, data=body)
    now = datetime.fromtimestamp(seconds, UTC)
    with patch("botocore.auth.get_current_datetime", lambda: now):
        credentials = Credentials(ID, SECRET, token or None)
        SigV4Auth(credentials, "bedrock", "eu-central-1").add_auth(theirs)
    signer = authorization(f"{ID}:{SECRET}{':' if token else ''}{token}")
    assert not isinstance(signer, tuple)
    request = Outgoing("POST", url, headers, body, "eu-central-1")
    ours = dict(signer(request, seconds * 1_000_000 + 999_999))
    assert {**headers, **ours} == dict(theirs.headers)
    assert SECRET not in str(ours)


@pytest.mark.parametrize("case", load("providers/bedrock/signature")["cases"])
def test_signatures_are_those_written_down(case: dict[str, Any]) -> None:
    now = datetime.fromisoformat(case["at"])
    signer = authorization(case["credential"])
    assert not isinstance(signer, tuple)
    body = case["body"].encode()
    request = Outgoing(case["method"], case["url"], case["headers"], body, case["region"])
    assert dict(signer(request, int(now.timestamp()) * 1_000_000)) == case["added"]


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("bedrock-runtime.us-east-1.amazonaws.com", "us-east-1"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("bedrock-runtime.eu-west-3.api.aws", "eu-west-3"),
        ("vpce-0a-1b.bedrock-runtime.ap-southeast-2.vpce.amazonaws.com", "ap-southeast-2"),
        ("bedrock-runtime.us-isob-east-1.sc2s.sgov.gov:8443", "us-isob-east-1"),
    ],
)
def test_the_address_names_the_region(host: str, region: str) -> None:
    scope = f"Credential={ID}/20261121/{region}/bedrock/aws4_request,"
    assert scope in signed(f"{ID}:{SECRET}", outgoing(host))["Authorization"]


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "proxy.example", "bedrock-runtime.example.com"])
def test_a_region_that_no_address_names_is_that_of_the_provider(host: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        signed(f"{ID}:{SECRET}", outgoing(host))
    assert caught.value.code == "provider_region"
    told = outgoing(host)._replace(region="eu-west-1")
    assert "/eu-west-1/" in signed(f"{ID}:{SECRET}", told)["Authorization"]


def test_the_address_knows_better_than_what_was_said_of_the_provider() -> None:
    told = outgoing("bedrock-runtime.us-east-1.amazonaws.com")._replace(region="eu-west-1")
    assert "/us-east-1/" in signed(f"{ID}:{SECRET}", told)["Authorization"]


@pytest.mark.parametrize(
    "credential",
    [
        f"{ID}:",
        f":{SECRET}",
        f"akia:{SECRET}",
        f"{ID}:{SECRET}:",
        f"{ID}:{SECRET}:{TOKEN}:more",
        f"{ID}:{SECRET}@eu-west-1",
        f"{ID}:{SECRET}\r\nX: y",
    ],
)
def test_what_is_no_pair_of_keys_is_not_sent_and_not_shown(credential: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        authorization(credential)
    assert caught.value.code == "provider_credential"
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "usual", "http", "kind"),
    [
        (Invalid("a", "A."), 400, 400, "ValidationException"),
        (Unidentified("a", "A."), 401, 401, "UnrecognizedClientException"),
        (Refused("a", "A."), 403, 403, "AccessDeniedException"),
        (NotFound("a", "A."), 404, 404, "ResourceNotFoundException"),
        (Conflict("a", "A."), 409, 409, "ConflictException"),
        (Exhausted("a", "A.", retry_after_seconds=1), 429, 429, "ThrottlingException"),
        (Exhausted("a", "A."), 429, 400, "ServiceQuotaExceededException"),
        (Unavailable("a", "A.", retry_after_seconds=1), 503, 503, "ServiceUnavailableException"),
        (Unavailable("a", "A."), 503, 424, "ModelErrorException"),
        (Unavailable("upstream_timeout", "A."), 504, 408, "ModelTimeoutException"),
        (Unavailable("upstream_broken", "A."), 502, 424, "ModelErrorException"),
        (Misconfigured("a", "A."), 500, 424, "ModelErrorException"),
        (Misconfigured("a", "A.", retry_after_seconds=1), 500, 500, "InternalServerException"),
        (GatebookError("a", "A."), 500, 424, "ModelErrorException"),
    ],
)
def test_errors_have_amazons_shape_and_no_status_that_is_sent_again_in_vain(
    error: GatebookError, usual: int, http: int, kind: str
) -> None:
    """What botocore sends again is in `botocore/retries/standard.py`."""
    assert status(error, usual) == http
    said = {"__type": kind, "message": f"A. [{error.code}]"}
    assert json.loads(error_body(error, "s.1")) == said
    assert (http in (500, 502, 503, 504)) is (error.retry_after_seconds == 1 and usual >= 500)
