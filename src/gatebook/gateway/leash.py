"""What may cut a call short while it is out: agent gone, provider silent, a stop, the end.

Each cancels the task that waits, which closes the connection to the provider. One timer per call
watches silence and total time; parts that arrive only move a deadline.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Literal, Protocol, Self

from gatebook.core.errors import GatebookError, Unavailable
from gatebook.gateway.settings import GatewaySettings
from gatebook.policy.stops import Target

_NEVER: Final = float("inf")


class HungUp(Exception):
    """The agent left before it was answered."""


class Stopped(Exception):
    """Somebody stopped the call, or what it belongs to; `refusal` is what the agent is told."""

    def __init__(self, refusal: GatebookError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class Line(Protocol):
    """The connection to the agent."""

    @property
    def is_gone(self) -> bool: ...

    hang_up: Callable[[], object] | None
    cut: Callable[[GatebookError], object] | None


class Held(Protocol):
    """The connection to the provider."""

    def close(self) -> None: ...


class Brake(Protocol):
    """Who may stop calls that are out."""

    def enter(self, call: "Leash", target: Target) -> None: ...

    def leave(self, call: "Leash") -> None: ...


class Leash:
    """Ties a call to its agent, its deadlines and stops, until it is loosened or left.

    When it was cut, the `with` block raises HungUp, Stopped, Unavailable `upstream_timeout`, or
    what the connection was cut with. An agent that never reads what it asked for is let go like one
    that hung up, when its time is over.
    """

    def __init__(self, line: Line, settings: GatewaySettings, brake: Brake, target: Target) -> None:
        """`target` is what the call is about, as stops see it."""
        self._line = line
        self._brake = brake
        self._target = target
        self._reply: Held | None = None
        self._silence_seconds = settings.silence_seconds
        self._task: Final = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._total_at = now + settings.total_seconds
        self._silent_at = now + settings.first_byte_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._cut_by: Literal["", "agent", "silence", "stop", "server"] = ""
        self._refusal: GatebookError | None = None
        self._cut_with: GatebookError | None = None

    def __enter__(self) -> Self:
        if self._line.is_gone:
            raise HungUp
        try:
            self._brake.enter(self, self._target)
        except GatebookError as error:  # stopped while its intent was recorded
            raise Stopped(error) from None
        self._line.hang_up = self._on_hang_up
        self._line.cut = self._on_cut
        self._wind_up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.loosen()
        if self._reply is not None:
            self._reply.close()
        if self._cut_by and isinstance(error, asyncio.CancelledError) and self._task:
            self._task.uncancel()
            if self._cut_by == "agent":
                raise HungUp from None
            if self._refusal is not None:
                raise Stopped(self._refusal) from None
            if self._cut_with is not None:
                raise self._cut_with from None
            raise Unavailable(
                "upstream_timeout",
                "The provider did not answer in time.",
                "The call may have been executed; look before sending it again.",
            ) from None

    def holds(self, reply: Held) -> None:
        """The head of the reply came; its connection is given back when the block is left."""
        self._reply = reply
        self.heard()

    def heard(self) -> None:
        """Something came; the provider may be silent again, but not for long."""
        self._silent_at = self._loop.time() + self._silence_seconds
        if self._timer is not None and self._timer.when() > self._silent_at:
            self._wind_up()

    def waits_for_agent(self) -> None:
        """The agent has to read before anything more is asked for: that is no silence."""
        self._silent_at = _NEVER

    def loosen(self) -> None:
        """The reply is in; nothing cuts what follows."""
        self._brake.leave(self)
        self._line.hang_up = self._line.cut = None
        self._silent_at = self._total_at = _NEVER
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def stop(self, refusal: GatebookError) -> None:
        """End the call at once, and have the agent told why."""
        if not self._cut_by:
            self._refusal = refusal
        self._cut("stop")

    def _on_hang_up(self) -> None:
        self._cut("agent")

    def _on_cut(self, error: GatebookError) -> None:
        if not self._cut_by:
            self._cut_with = error
        self._cut("server")

    def _on_time(self) -> None:
        if self._loop.time() < min(self._silent_at, self._total_at):
            self._wind_up()
        else:
            self._cut("agent" if self._silent_at == _NEVER else "silence")

    def _wind_up(self) -> None:
        """Set the timer to the next deadline, or to where a deadline may have moved by then."""
        if self._timer is not None:
            self._timer.cancel()
        look_at = self._loop.time() + self._silence_seconds
        due = min(self._silent_at, self._total_at, look_at)
        self._timer = self._loop.call_at(due, self._on_time)

    def _cut(self, by: Literal["agent", "silence", "stop", "server"]) -> None:
        if not self._cut_by and self._task is not None:
            self._task.cancel()  # once, as it is taken back once
        self._cut_by = self._cut_by or by
