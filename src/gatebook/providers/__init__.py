"""The vendors of models: at which addresses they speak which format, how they are paid and fail.

Promises: an address that is not listed is refused; nothing here does input or output. Each module
is one vendor and satisfies `Dialect`.
Read `openai.py` first. To add a vendor: one module, and recorded exchanges in `vectors/providers/`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Protocol, runtime_checkable

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
_OPENAI_TYPES: Final = {
    "invalid": "invalid_request_error",
    "not_found": "invalid_request_error",
    "conflict": "invalid_request_error",
    "unidentified": "authentication_error",
    "refused": "permission_error",
    "exhausted": "rate_limit_error",
}
_OPENAI_TYPES_BY_CODE: Final = {"insufficient_quota": "insufficient_quota"}


@runtime_checkable
class Dialect(Protocol):
    """A module of this package."""

    NAME: ClassVar[str]
    BASE_URL: ClassVar[str]
    """Where the vendor itself is, as its SDK takes it."""
    OPERATIONS: ClassVar[Sequence[Operation]]
    MARK: ClassVar[bytes]
    """A header that tells this dialect from another one on the same path; empty: what is left."""
    STATUSES: ClassVar[Mapping[str, int]]
    """HTTP statuses of its own, by the code of a failure; for all others HTTP's are taken."""
    PASSED: ClassVar[Mapping[bytes, str]]
    """What an agent may say to the provider beside the body, by lower-case name: its own
    credentials, hop-by-hop fields and everything else stay here."""

    def authorization(self, credential: str) -> tuple[str, str]:
        """The header that carries our credential to the provider."""
        ...

    def error_body(self, error: GatebookError, reference: str) -> bytes:
        """A failure in the vendor's own shape; `reference` names the entry, if there is one."""
        ...


def is_vendors_own(dialect: str, base_url: str) -> bool:
    """Whether the vendor of the dialect answers there, or somebody who runs its own software.

    Others speak OpenAI's dialect as it once was.
    """
    return dialect != "openai" or _OPENAIS_OWN.fullmatch(base_url) is not None


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
