"""Holds what a simulated vendor says against the types that the vendor publishes, strictly."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter

from gatebook.core.event_stream import EventSplitter, data_of


def published(kind: Any, text: str | bytes) -> Any:
    """The value as the vendor's own type has it: nothing missing, of no other type, nothing extra.

    The vendors' types take members they do not know; a simulation has none.
    """
    value = _adapter(kind).validate_json(text, strict=True)
    strangers = sorted(_strangers(value))
    assert not strangers, f"unknown to the vendor: {strangers}"
    return value


def events_of(stream: bytes) -> list[bytes]:
    """The data of the events of a stream, comments left out."""
    return [data for event in EventSplitter().feed(stream) if (data := data_of(event)) is not None]


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _strangers(value: Any) -> Iterator[str]:
    """Members that the types do not know, wherever they stand."""
    if isinstance(value, BaseModel):
        for name in value.model_extra or {}:
            yield f"{type(value).__name__}.{name}"
        value = list(vars(value).values())
    for inner in value if isinstance(value, list) else ():
        yield from _strangers(inner)
