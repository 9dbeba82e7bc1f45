"""Circuit breakers: a provider that fails again and again is left alone for a while.

One circuit for each provider and model. It opens after a number of failures in a row, or for as
long as the provider asks to be left alone; after that a single call tries it out, and closes it or
opens it for twice as long. Calls that were out when it opened do neither.
Source: M. Nygard, "Release It!" (2nd edition), Circuit Breaker.
"""

import re
from collections.abc import Callable
from itertools import count
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


_ASKS_TO_WAIT: Final = (429, 503, 529)
"""Statuses with which a provider may say when to come again."""
_FAILED: Final = 500
FAULTS: Final = ("upstream_unavailable", "upstream_timeout", "upstream_broken")
"""What goes wrong on a provider's side; that we cannot record an outcome is none of its faults."""

_SECONDS: Final = re.compile(rb"[0-9]{1,9}")

Change = Literal["opened", "closed"]
Told = Callable[[Key, Change, int], None]
"""Told of each circuit that opens or closes, with the failures in a row until then."""


class Trial:
    """One attempt at a provider, which says by how it ends what it showed of the provider.

    An answer of any kind shows that it works, but for those that say that it does not; a call that
    did not get there, or ended because its agent left or was stopped, shows nothing.
    """

    def __init__(self, breakers: "Breakers", key: Key, opening: int) -> None:
        self.key = key
        self.opening = opening
        """Which opening of its circuit it tries out; 0: the circuit was closed when it began."""
        self.shows: Literal["", "works", "fails"] = ""
        """What it showed of the provider, once it has ended."""
        self._breakers = breakers
        self._status = 0
        self._is_broken = False
        self._wait_seconds: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        breakers, asked = self._breakers, self._status in _ASKS_TO_WAIT
        is_broken = self._is_broken or getattr(error, "code", "") in FAULTS
        if is_broken or asked or self._status >= _FAILED:
            self.shows = "fails"
            if asked and self._wait_seconds is not None:
                breakers.asked_to_wait(self, self._wait_seconds)
            else:
                breakers.failed(self)
        elif self._status:
            self.shows = "works"
            breakers.succeeded(self)
        else:
            breakers.left(self)

    def answered(self, status: int, retry_after: bytes) -> None:
        """The head of the reply came."""
        self._status = status
        # A date, which is the other form (RFC 9110, 10.2.3), is taken for none.
        self._wait_seconds = float(retry_after) if _SECONDS.fullmatch(retry_after) else None

    def broke(self) -> None:
        """The reply was in, and it was no answer: a stream that ended with an error, say."""
        self._is_broken = True


class _Circuit:
    __slots__ = ("failures", "key", "open_us", "opening", "until_us")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.failures = 0
        self.opening = 0
        """The number of the time that it is open for; 0: it is closed."""
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
        self._openings = count(1)

    @property
    def open_count(self) -> int:
        """How many circuits are open."""
        return sum(circuit.opening > 0 for circuit in self._circuits.values())

    def admit(self, key: Key) -> Trial | None:
        """An attempt, if a call may go there; of those that come after an open time, only one.

        It has to be entered and left, so that it is known what it showed.
        """
        circuit = self._found(key) if self._circuits else None
        if circuit is None or not circuit.opening:
            return Trial(self, key, 0)
        now_us = self._clock.monotonic_us()
        if now_us < circuit.until_us:
            return None
        # The next one may try after as long again: this one may take very long.
        circuit.until_us = now_us + circuit.open_us
        return Trial(self, key, circuit.opening)

    def waits_seconds(self, key: Key) -> int:
        """After how long it is worth asking again; at least 1."""
        circuit = self._found(key)
        left_us = circuit.until_us - self._clock.monotonic_us() if circuit else 0
        return max(1, -(-left_us // SECOND_US))

    def succeeded(self, trial: Trial) -> None:
        """The provider answered, be it that the call was wrong."""
        if not self._circuits:
            return  # as it is nearly always
        for key in (trial.key, trial.key._replace(model="")):
            circuit = self._circuits.get(key)
            if circuit is not None and circuit.opening in (0, trial.opening):
                del self._circuits[key]
                if circuit.opening:
                    self._told(key, "closed", circuit.failures)

    def failed(self, trial: Trial) -> None:
        """The provider did not answer, or said that it cannot."""
        circuit = self._made(trial.key)
        circuit.failures += 1
        if not circuit.opening:
            if circuit.failures >= self._failures:
                self._open(circuit, self._open_us)
        elif circuit.opening == trial.opening:
            self._open(circuit, min(circuit.open_us * 2, self._open_us * _LONGEST))

    def asked_to_wait(self, trial: Trial, seconds: float) -> None:
        """The provider said when to come again; until then nobody does."""
        circuit = self._made(trial.key)
        circuit.failures += 1
        asked_us = max(SECOND_US, min(int(seconds * SECOND_US), _ASKED_AT_MOST))
        if circuit.opening not in (0, trial.opening):  # it may have asked for more since
            asked_us = max(asked_us, circuit.until_us - self._clock.monotonic_us())
        self._open(circuit, asked_us)

    def left(self, trial: Trial) -> None:
        """The call ended without showing anything of the provider; another one may try."""
        circuit = self._found(trial.key)
        if circuit is not None and circuit.opening and circuit.opening == trial.opening:
            circuit.until_us = self._clock.monotonic_us()

    def _found(self, key: Key) -> _Circuit | None:
        return self._circuits.get(key) or self._circuits.get(key._replace(model=""))

    def _made(self, key: Key) -> _Circuit:
        if key not in self._circuits and len(self._circuits) >= _CIRCUITS:
            key = key._replace(model="")
        return self._circuits.setdefault(key, _Circuit(key))

    def _open(self, circuit: _Circuit, open_us: int) -> None:
        was_open, circuit.opening = circuit.opening, next(self._openings)
        circuit.open_us = open_us
        circuit.until_us = self._clock.monotonic_us() + open_us
        if not was_open:
            self._told(circuit.key, "opened", circuit.failures)
