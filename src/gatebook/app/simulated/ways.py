"""What the simulated provider does for each of its vendors alike."""

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from gatebook.web.exchange import Exchange
from gatebook.web.problem import Headers


class Ways(NamedTuple):
    """The ways of `SimulatedProvider`, for the module of a vendor."""

    as_named: Callable[[str], Awaitable[int]]
    """Be as slow as a model's name asks; the status it asks for, or 0."""
    send: Callable[[Exchange, str, Iterable[bytes], Headers], Awaitable[None]]
    """Send a stream of events."""
    text: str
