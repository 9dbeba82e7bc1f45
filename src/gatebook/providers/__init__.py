"""The vendors of models: at which addresses they speak which format, how they are paid and fail.

Promises: an address that is not listed is refused; nothing here does input or output. Each module
is one vendor and satisfies `Dialect`.
Read `openai.py` first. To add a vendor: one module, and recorded exchanges in `vectors/providers/`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple, Protocol, runtime_checkable
from urllib.parse import urlsplit

import msgspec

from gatebook.core.errors import GatebookError
from gatebook.formats import Operation

COMPATIBLE: Final = {
    "cerebras": "https://api.cerebras.ai/v1",
    "deepseek": "https://api.deepseek.com",
    "fireworks": "https://api.fireworks.ai/inference/v1",
    "groq": "https://api.groq.com/openai/v1",
    "mistral": "https://api.mistral.ai/v1",
    "ollama": "http://127.0.0.1:11434/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "together": "https://api.together.xyz/v1",
    "xai": "https://api.x.ai/v1",
}
"""Where servers are that speak OpenAI's dialect, by the name under which they are added."""

_OPENAIS_OWN: Final = re.compile(r"https://[a-z0-9.-]+\.(?:openai|azure)\.com(?::443)?(?:/.*)?")
_ALL: Final = frozenset(("max_completion_tokens", "stream_options"))
_USUAL: Final = frozenset(("stream_options",))
# Mistral refuses members that it does not know, and reports the usage of streams unasked.
_KNOWN_AT: Final[Mapping[str, frozenset[str]]] = {"api.mistral.ai": frozenset()}
_VERSION: Final = re.compile(r"(?:\A|&)api-version=([0-9]{4}-[0-9]{2})")
_AZURE_KNOWS: Final = "2024-09"
_OPENAI_TYPES: Final = {
    "invalid": "invalid_request_error",
    "not_found": "invalid_request_error",
    "conflict": "invalid_request_error",
    "unidentified": "authentication_error",
    "refused": "permission_error",
    "exhausted": "rate_limit_error",
}
_OPENAI_TYPES_BY_CODE: Final = {"insufficient_quota": "insufficient_quota"}


class Outgoing(NamedTuple):
    """A request as it leaves, for whoever signs it."""

    method: str
    url: str
    headers: Mapping[str, str]
    """Those that a signature has to cover."""
    body: bytes
    region: str
    """Where the provider is said to be, if that is known."""


class Signer(Protocol):
    """Makes the headers that carry a credential which itself never leaves."""

    def __call__(self, request: Outgoing, now_us: int) -> Sequence[tuple[str, str]]:
        """The headers of this request at this time; raises Misconfigured."""
        ...


@runtime_checkable
class Dialect(Protocol):
    """A module of this package."""

    NAME: ClassVar[str]
    BASE_URL: ClassVar[str]
    """Where the vendor itself is, as its SDK takes it."""
    OPERATIONS: ClassVar[Sequence[Operation]]
    MARK: ClassVar[bytes]
    """A header that tells this dialect from another one on the same path; empty: what is left."""
    PASSED: ClassVar[Mapping[bytes, str]]
    """What an agent may say to the provider beside the body, by lower-case name: its own
    credentials, hop-by-hop fields and everything else stay here."""

    def authorization(self, credential: str) -> tuple[str, str] | Signer:
        """The header that carries our credential to the provider, or what makes such headers.

        Raises Misconfigured for what cannot be a credential of this vendor.
        """
        ...

    def status(self, error: GatebookError, usual: int) -> int:
        """The HTTP status of a failure, where this vendor's clients need another than the usual."""
        ...

    def error_body(self, error: GatebookError, reference: str) -> bytes:
        """A failure in the vendor's own shape; `reference` names the entry, if there is one."""
        ...


@lru_cache(maxsize=256)
def members_known(dialect: str, base_url: str, query: str) -> frozenset[str]:
    """Which of the members that formats put into bodies a provider takes; see Terms.knows.

    Servers that speak OpenAI's dialect know less of it, and so did Azure in its earlier versions.
    """
    if dialect == "azure" and (version := _VERSION.search(query)):
        return _ALL if version[1] >= _AZURE_KNOWS else frozenset()
    if dialect != "openai" or _OPENAIS_OWN.fullmatch(base_url):
        return _ALL
    return _KNOWN_AT.get(urlsplit(base_url).hostname or "", _USUAL)


class _OpenaiError(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: str


class _OpenaiEnvelope(msgspec.Struct):
    error: _OpenaiError


def openai_error(error: GatebookError) -> bytes:
    """A failure as OpenAI writes it, and whoever speaks as OpenAI does."""
    kind = _OPENAI_TYPES_BY_CODE.get(error.code) or _OPENAI_TYPES.get(error.kind, "server_error")
    return msgspec.json.encode(_OpenaiEnvelope(_OpenaiError(str(error), kind, None, error.code)))
