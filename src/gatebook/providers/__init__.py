"""The vendors of models: at which addresses they speak which format, how they are paid and fail.

Promises: an address that is not listed is refused; nothing here does input or output. Each module
is one vendor and satisfies `Dialect`.
Read `openai.py` first. To add a vendor: one module, and recorded exchanges in `vectors/providers/`.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol, runtime_checkable

from gatebook.core.errors import GatebookError
from gatebook.formats import Operation


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

    def authorization(self, credential: str) -> tuple[str, str]:
        """The header that carries our credential to the provider."""
        ...

    def error_body(self, error: GatebookError, reference: str) -> bytes:
        """A failure in the vendor's own shape; `reference` names the entry, if there is one."""
        ...
