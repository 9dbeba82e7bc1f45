"""What may cut a call short while it is out: its agent hangs up, or its provider falls silent.

Both cancel the task that waits, which closes the connection to the provider. One timer per call
watches silence and total time; parts that arrive only move a deadline.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Literal, Protocol, Self

from gatebook.core.errors import Unavailable
from gatebook.gateway.settings import GatewaySettings

_NEVER: Final = float("inf")


class HungUp(Exception):
    """The agent left before it was answered."""


class Line(Protocol):
    """The connection to the agent."""

    @property
    def is_gone(self) -> bool: ...

    hang_up: Callable[[], object] | None


class Held(Protocol):
    """The connection to the provider."""

    def close(self) -> None: ...


class Leash:
    """Ties a call to its agent and to its deadlines, until it is loosened or left.

    Raises HungUp or Unavailable `upstream_timeout` out of the `with` block when it was cut. An
    agent that never reads what it asked for is let go like one that hung up, when its time is over.
    """

    def __init__(self, line: Line, settings: GatewaySettings) -> None:
        self._line = line
        self._reply: Held | None = None
        self._silence_seconds = settings.silence_seconds
        self._task: Final = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._total_at = now + settings.total_seconds
        self._silent_at = now + settings.first_byte_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._cut_by: Literal["", "agent", "silence"] = ""

    def __enter__(self) -> Self:
        if self._line.is_gone:
            raise HungUp
        self._line.hang_up = self._on_hang_up
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
        self._line.hang_up = None
        self._silent_at = self._total_at = _NEVER
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_hang_up(self) -> None:
        self._cut("agent")

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

    def _cut(self, by: Literal["agent", "silence"]) -> None:
        self._cut_by = self._cut_by or by
        if self._task is not None:
            self._task.cancel()
