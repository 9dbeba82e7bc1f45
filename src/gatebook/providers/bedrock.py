"""Amazon Bedrock Runtime: Converse, whole and streamed.

Source: Bedrock Runtime API reference, AWS Signature Version 4, Smithy's restJson1 protocol, and
botocore, whose reading of errors and retries is what agents live with. It sends every 429, 500,
502, 503 and 504 again and no header keeps it from that, so a failure that must not be repeated gets
another status here. Requests are signed with the credential we hold; nothing of this machine's own
AWS configuration is looked at.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from gatebook.core.clock import SECOND_US
from gatebook.core.errors import GatebookError, Misconfigured
from gatebook.formats import Format, Operation
from gatebook.formats.closed import Closed
from gatebook.formats.converse import Converse
from gatebook.providers import Outgoing, Signer

NAME: Final = "bedrock"
BASE_URL: Final = "https://bedrock-runtime.us-east-1.amazonaws.com"
MARK: Final = b"amz-sdk-invocation-id"
PASSED: Final = {b"traceparent": "traceparent"}

_MODEL: Final = "/model/{model}"


def _operation(path: str, format_: Format, method: str = "POST") -> Operation:
    """An operation, named after the end of its path."""
    return Operation(
        dialect=NAME,
        name=path.removesuffix("/*").rpartition("/")[2],
        method=method,
        path=path,
        has_body=method == "POST",
        format=format_,
    )


CONVERSE: Final = _operation(f"{_MODEL}/converse", Converse(streams=False))
CONVERSE_STREAM: Final = _operation(f"{_MODEL}/converse-stream", Converse(streams=True))
# A body of `invoke` is another one for every family of models.
_OPAQUE: Final = (
    *("invoke", "invoke-with-response-stream", "invoke-with-bidirectional-stream"),
    "count-tokens",
)
_ACCOUNT: Final = ("async-invoke", "guardrail", "guardrail-checks")
OPERATIONS: Final = (
    CONVERSE,
    CONVERSE_STREAM,
    *[_operation(f"{_MODEL}/{name}", Closed("not_inspectable"), "") for name in _OPAQUE],
    *[_operation(f"/{name}/*", Closed("account_wide"), "") for name in _ACCOUNT],
)

_SERVICE: Final = "bedrock"
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_REGION: Final = re.compile(r"(?:^|\.)bedrock-runtime(?:-fips)?\.([a-z]{2}[a-z0-9-]+-[0-9]+)\.")
_KEY_PAIR: Final = re.compile(
    r"(?P<id>[A-Z0-9]{16,128}):(?P<secret>[A-Za-z0-9+/=]{16,})(?::(?P<token>[A-Za-z0-9+/=]+))?"
)

_TYPES: Final = {
    "invalid": "ValidationException",
    "unidentified": "UnrecognizedClientException",
    "refused": "AccessDeniedException",
    "not_found": "ResourceNotFoundException",
    "conflict": "ConflictException",
    "exhausted": "ThrottlingException",
    "unavailable": "ServiceUnavailableException",
}
_ANY_OTHER: Final = "InternalServerException"
# Failures that are not to be sent again, by kind or code: their statuses are none of those.
_FINAL: Final = {
    "exhausted": (400, "ServiceQuotaExceededException"),
    "upstream_timeout": (408, "ModelTimeoutException"),
}
_FINAL_OTHERWISE: Final = (424, "ModelErrorException")
_SERVER_KINDS: Final = ("unavailable", "misconfigured", "tampered", "error")


class _Error(msgspec.Struct):
    kind: str = msgspec.field(name="__type")
    message: str


class _KeyPair:
    """Signs with a pair of keys."""

    def __init__(self, id_: str, secret: str, token: str) -> None:
        self._id = id_
        self._secret = secret
        self._token = token

    def __call__(self, request: Outgoing, now_us: int) -> Sequence[tuple[str, str]]:
        """The headers of a signed request; raises Misconfigured if the region is unknown."""
        at = datetime.fromtimestamp(now_us // SECOND_US, UTC).strftime("%Y%m%dT%H%M%SZ")
        added = {"X-Amz-Date": at} | ({"X-Amz-Security-Token": self._token} if self._token else {})
        scope = (at[:8], _region_of(request), _SERVICE, "aws4_request")
        names, canonical = _canonical(request, {**request.headers, **added})
        said = "\n".join((_ALGORITHM, at, "/".join(scope), _sha256(canonical.encode())))
        key = b"AWS4" + self._secret.encode()
        for part in (*scope, said):
            key = hmac.digest(key, part.encode(), "sha256")
        added["Authorization"] = (
            f"{_ALGORITHM} Credential={self._id}/{'/'.join(scope)}, SignedHeaders={names},"
            f" Signature={key.hex()}"
        )
        return tuple(added.items())


def authorization(credential: str) -> tuple[str, str] | Signer:
    """A Bedrock API key as it is, or a signer with `id:secret[:session token]`."""
    if ":" not in credential:
        return "Authorization", f"Bearer {credential}"
    found = _KEY_PAIR.fullmatch(credential)
    if found is None:
        raise Misconfigured(
            "provider_credential",
            "The credential of the provider is no pair of AWS keys.",
            "Set it again, as access_key_id:secret[:session_token]: gatebook provider rekey --help",
        )
    return _KeyPair(found["id"], found["secret"], found["token"] or "")


def status(error: GatebookError, usual: int) -> int:
    """The status of a failure: of those that are sent again only if that may help."""
    return _final(error)[0] if _is_final(error) else usual


def error_body(error: GatebookError, reference: str) -> bytes:
    """A failure as `{"__type", "message"}`; the message ends with our own code.

    `__type` is where clients look for the type that is not in a header.
    """
    del reference
    kind = _final(error)[1] if _is_final(error) else _TYPES.get(error.kind, _ANY_OTHER)
    return msgspec.json.encode(_Error(kind, f"{error} [{error.code}]"))


def _is_final(error: GatebookError) -> bool:
    """Whether botocore would send again what must not be."""
    return error.retry_after_seconds is None and error.kind in ("exhausted", *_SERVER_KINDS)


def _final(error: GatebookError) -> tuple[int, str]:
    return _FINAL.get(error.code) or _FINAL.get(error.kind) or _FINAL_OTHERWISE


def _canonical(request: Outgoing, headers: Mapping[str, str]) -> tuple[str, str]:
    """The names of the headers that are signed, and the request in the form that is hashed.

    AWS encodes a path once more than it is, for every service but S3.
    """
    lines = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    names = ";".join([name for name, _ in lines])
    url = urlsplit(request.url)
    fields = "".join([f"{name}:{value}\n" for name, value in lines])
    path = quote(url.path, safe="/~")
    whole = (request.method, path, url.query, fields, names, _sha256(request.body))
    return names, "\n".join(whole)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _region_of(request: Outgoing) -> str:
    """The region that the address names; where it names none, the one the provider was added with.

    Raises Misconfigured where there is neither.
    """
    found = _REGION.search(urlsplit(request.url).hostname or "")
    if found is None and not request.region:
        raise Misconfigured(
            "provider_region",
            "The address of the provider names no AWS region.",
            "Add the provider again with --region, such as eu-central-1.",
        )
    return found[1] if found else request.region
