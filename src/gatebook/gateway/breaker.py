"""Circuit breakers: a provider that fails again and again is left alone for a while.

One circuit for each provider and model. It opens after a number of failures in a row, or for as
long as the provider asks to be left alone; after that a single call tries it out, and closes it or
opens it for twice as long. Source: M. Nygard, "Release It!" (2nd edition), Circuit Breaker.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple, Self

from gatebook.core.clock import SECOND_US, Clock
from gatebook.gateway.settings import UpstreamSettings

_LONGEST: Final = 16
"""A circuit that fails every trial stays open for so many times the first period at most."""

_CIRCUITS: Final = 10_000
"""Models that fail at one time; beyond it those of a provider fail as one."""

_ASKED_AT_MOST: Final = 300 * SECOND_US
"""A provider that asks to be left alone for longer is tried out after this time all the same."""


class Key(NamedTuple):
    """What fails as one: a provider, which is in one region, and a model there."""

    provider: str
    model: str


_BUSY: Final = (429, 503, 529)
_FAILED: Final = 500
_FAULTS: Final = ("upstream_unavailable", "upstream_timeout", "upstream_broken")
"""What goes wrong on a provider's side; that we cannot record an outcome is none of its faults."""

_SECONDS: Final = re.compile(rb"[0-9]{1,9}")

Change = Literal["opened", "closed"]
Told = Callable[[Key, Change, int], None]
"""Told of each circuit that opens or closes, with the failures in a row until then."""


class Trial:
    """One attempt at a provider, which says by how it ends what it showed of the provider.

    An answer of any kind shows that it works, but for those that say that it does not; a call that
    ended because its agent left or was stopped shows nothing.
    """

    def __init__(self, breakers: "Breakers", key: Key) -> None:
        self._breakers = breakers
        self._key = key
        self._status = 0
        self._wait_seconds: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        breakers, key = self._breakers, self._key
        if self._wait_seconds is not None and self._status in _BUSY:
            breakers.asked_to_wait(key, self._wait_seconds)
        elif (self._status and self.has_failed) or getattr(error, "code", "") in _FAULTS:
            breakers.failed(key)
        elif self._status:
            breakers.succeeded(key)
        else:
            breakers.left(key)

    @property
    def has_failed(self) -> bool:
        """Whether the provider said that it cannot answer, or said nothing."""
        return not self._status or self._status in _BUSY or self._status >= _FAILED

    def answered(self, status: int, retry_after: bytes) -> None:
        """The head of the reply came."""
        self._status = status
        # A date, which is the other form (RFC 9110, 10.2.3), is taken for none.
        self._wait_seconds = float(retry_after) if _SECONDS.fullmatch(retry_after) else None


class _Circuit:
    __slots__ = ("failures", "is_on_trial", "open_us", "opened", "until_us")

    def __init__(self) -> None:
        self.failures = 0
        self.opened = False
        self.is_on_trial = False
        self.until_us = 0
        self.open_us = 0
        """How long it stayed open last time."""


class Breakers:
    """The circuits of one process; only those that failed since they last worked are held."""

    def __init__(self, settings: UpstreamSettings, clock: Clock, told: Told) -> None:
        self._failures = settings.breaker_failures
        self._open_us = settings.breaker_seconds * SECOND_US
        self._clock = clock
        self._told = told
        self._circuits: dict[Key, _Circuit] = {}

    def trial(self, key: Key) -> Trial:
        """An attempt that was admitted."""
        return Trial(self, key)

    def admits(self, key: Key) -> bool:
        """Whether a call may go there; of those that come after an open time, only the first.

        Who is admitted says how it went, best by a `trial`.
        """
        if not self._circuits:
            return True
        circuit = self._found(key)
        if circuit is None or not circuit.opened:
            return True
        now_us = self._clock.monotonic_us()
        if now_us < circuit.until_us:
            return False
        # The next one may try after as long again: this one may be refused before it gets there,
        # by a limit or because it cannot be recorded, and then nobody says how it went.
        circuit.until_us = now_us + circuit.open_us
        circuit.is_on_trial = True
        return True

    def waits_seconds(self, key: Key) -> int:
        """After how long it is worth asking again; at least 1."""
        circuit = self._found(key)
        left_us = circuit.until_us - self._clock.monotonic_us() if circuit else 0
        return max(1, -(-left_us // SECOND_US))

    def succeeded(self, key: Key) -> None:
        """The provider answered, be it that the call was wrong."""
        if not self._circuits:
            return  # as it is nearly always
        for each in (key, key._replace(model="")):
            circuit = self._circuits.pop(each, None)
            if circuit is not None and circuit.opened:
                self._told(each, "closed", circuit.failures)

    def failed(self, key: Key) -> None:
        """The provider did not answer, or said that it cannot."""
        key, circuit = self._made(key)
        circuit.failures += 1
        if circuit.is_on_trial:
            self._open(key, circuit, min(circuit.open_us * 2, self._open_us * _LONGEST))
        elif not circuit.opened and circuit.failures >= self._failures:
            self._open(key, circuit, self._open_us)

    def asked_to_wait(self, key: Key, seconds: float) -> None:
        """The provider said when to come again; until then nobody does."""
        key, circuit = self._made(key)
        circuit.failures += 1
        asked_us = max(SECOND_US, min(int(seconds * SECOND_US), _ASKED_AT_MOST))
        self._open(key, circuit, asked_us)

    def left(self, key: Key) -> None:
        """The call ended without showing anything of the provider; a trial is still to be made."""
        circuit = self._found(key)
        if circuit is not None and circuit.is_on_trial:
            circuit.is_on_trial = False
            circuit.until_us = self._clock.monotonic_us()

    def open_circuits(self) -> Iterable[Key]:
        """What is left alone now."""
        return [key for key, circuit in self._circuits.items() if circuit.opened]

    def _found(self, key: Key) -> _Circuit | None:
        return self._circuits.get(key) or self._circuits.get(key._replace(model=""))

    def _made(self, key: Key) -> tuple[Key, _Circuit]:
        if key not in self._circuits and len(self._circuits) >= _CIRCUITS:
            key = key._replace(model="")
        return key, self._circuits.setdefault(key, _Circuit())

    def _open(self, key: Key, circuit: _Circuit, open_us: int) -> None:
        was_open, circuit.opened, circuit.is_on_trial = circuit.opened, True, False
        circuit.open_us = open_us
        circuit.until_us = self._clock.monotonic_us() + open_us
        if not was_open:
            self._told(key, "opened", circuit.failures)
