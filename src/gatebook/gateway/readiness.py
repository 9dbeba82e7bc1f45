"""Whether this process lives, and whether it takes calls, for those who send them elsewhere if not.

`/healthz` and `/readyz` are answered to everybody on the agents' port, since that is where
orchestrators look: with ok or not and nothing else, without a look at the database or the notary,
and without a trace in the book. Which check fails is told on the port of the metrics.
"""

from collections.abc import Callable
from typing import Final

from gatebook.core.errors import Refused, Unavailable
from gatebook.gateway.gate import Gate
from gatebook.web.exchange import Exchange
from gatebook.web.problem import Answer, Headers

LIVE: Final = b"/healthz"
READY: Final = b"/readyz"
_PATHS: Final = frozenset((LIVE, READY))
_METHODS: Final = frozenset(("GET", "HEAD"))
_PLAIN: Final[Headers] = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
_YES: Final = Answer(200, _PLAIN, b"ok\n")
_NO: Final = Answer(503, _PLAIN, b"not ok\n")


def checks(gate: Gate) -> dict[str, str]:
    """Every check by its name, with the code of what is wrong; empty: nothing is."""
    return {
        "front": "draining" if gate.front.is_draining else "",
        "directory": _code_of(gate.snapshots.current),
        "stops": _code_of(gate.stopping.confirm),
        "book": gate.book.trouble,
        "notary": _code_of(lambda: gate.unsigned.check(gate.clock.monotonic_us())),
    }


def probed(gate: Gate, exchange: Exchange) -> Answer | None:
    """The answer if it is only asked whether we live or take calls; None for anything else."""
    if exchange.path not in _PATHS or exchange.method not in _METHODS:
        return None
    return _YES if exchange.path == LIVE or not any(checks(gate).values()) else _NO


def _code_of(check: Callable[[], object]) -> str:
    """What is wrong, if a check that a call has to pass does not let one pass now."""
    try:
        check()
    except (Refused, Unavailable) as error:
        return error.code
    return ""
