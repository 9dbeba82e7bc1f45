"""A call in one format, made in another one, and its reply put back: for fallbacks only.

Promises: what the other format has no word for is refused and never left out in silence, but for
the hints that each module lists; thinking of a model is signed by its vendor and goes to no other.
Read `to_messages.py` first.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from gatebook.core.errors import Invalid
from gatebook.core.event_stream import EventSplitter, data_of
from gatebook.formats import Stream, Usage, unreadable


class Untranslatable(Invalid):
    """The other format has no word for this."""


class Turning(ABC):
    """Follows a stream in one format by that format's own follower, and gives it in another one."""

    def __init__(self, follower: Stream) -> None:
        self._follower = follower
        self._splitter = EventSplitter()

    @property
    def usage(self) -> Usage:
        """Tokens so far."""
        return self._follower.usage

    @property
    def chunks(self) -> int:
        """Events that came so far."""
        return self._follower.chunks

    @property
    def text_bytes(self) -> int:
        """Bytes of what the model wrote so far, about."""
        return self._follower.text_bytes

    @property
    def is_complete(self) -> bool:
        """The provider said that this was all."""
        return self._follower.is_complete

    @property
    def has_failed(self) -> bool:
        """The provider reported an error in the stream."""
        return self._follower.has_failed

    def feed(self, data: bytes) -> bytes:
        """What may go on to the agent now; raises Unavailable for what cannot be read."""
        return self._turned(self._follower.feed(data))

    def close(self) -> bytes:
        """An event that the end of the stream cut off is the last one."""
        return self._turned(self._follower.close())

    def _turned(self, given: bytes) -> bytes:
        found = [data_of(event) for event in self._splitter.feed(given)]
        try:
            return b"".join([self._given(data) for data in found if data is not None])
        except (KeyError, TypeError, ValueError):
            raise unreadable() from None

    @abstractmethod
    def _given(self, data: bytes) -> bytes:
        """What the data of an event is in the other format."""


class Members:
    """The members of a JSON object, each of which has to be taken or dropped by name."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise untranslatable(where)
        self._rest: dict[str, Any] = dict(value)
        self._where = where

    def take(self, name: str, default: Any = None) -> Any:
        """The value of a member; null counts as absent."""
        value = self._rest.pop(name, None)
        return default if value is None else value

    def text(self, name: str) -> str:
        """The value of a member that has to be text."""
        value = self.take(name)
        if not isinstance(value, str):
            raise untranslatable(f"{self._where}.{name}")
        return value

    def drop(self, names: Iterable[str]) -> None:
        """Hints that make no difference to what is said."""
        for name in names:
            self._rest.pop(name, None)

    def end(self) -> None:
        """Raise Untranslatable if anything is left; null says nothing."""
        for name, value in self._rest.items():
            if value is not None:
                raise untranslatable(f"{self._where}.{name}")


def items(value: object, where: str) -> list[Any]:
    """A list as it is, nothing where there is none."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise untranslatable(where)
    return value


def said(pairs: Mapping[str, Any]) -> dict[str, Any]:
    """An object without the members that say nothing."""
    return {name: value for name, value in pairs.items() if value is not None}


def untranslatable(where: str) -> Untranslatable:
    """What to raise for a part of a call that cannot be said otherwise."""
    return Untranslatable(
        "untranslatable",
        f"{where} has no counterpart where the call would fall back to.",
        "Leave it out, or have a fallback of the same protocol added.",
    )
