"""A notary for the time of one command: the one that runs, else an embedded one started for it."""

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from gatebook.app.child import Child
from gatebook.core.errors import Unavailable
from gatebook.ledger.note import VerifierKey
from gatebook.ledger.ports import Certifier

_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 5
_TRIES: Final = 3


class NotaryOnCall:
    """Implements `ledger.ports.Certifier`; without `start` the notary is not ours to start."""

    def __init__(self, notary: Certifier, start: Callable[[], Child] | None) -> None:
        self._notary = notary
        self._start = start
        self._child: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._child is not None:
            self._child.stop(_STOP_SECONDS)

    def certify(self, origin: str, key: VerifierKey) -> tuple[str, int]:
        """See ledger.ports.Certifier."""
        for _ in range(_TRIES):
            try:
                return self._notary.certify(origin, key)
            except Unavailable as error:
                if error.code != "notary_unavailable" or self._start is None:
                    raise
            self._start_one(self._start)
        return self._notary.certify(origin, key)

    def _start_one(self, start: Callable[[], Child]) -> None:
        """Start a notary; if that fails another command's may have come up just before."""
        if self._child is not None:
            self._child.stop(_STOP_SECONDS)
        self._child = start()
        try:
            self._child.wait_ready(_START_SECONDS)
        except Unavailable:
            self._child = None
