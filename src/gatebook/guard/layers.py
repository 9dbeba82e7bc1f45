"""The layers of detection: each looks at a text as it stands and at what it may be read as."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from gatebook.guard.data import data_in
from gatebook.guard.engine import Engine
from gatebook.guard.inspect import Layer, Place, Seen
from gatebook.guard.pack import Channel, Pack
from gatebook.guard.views import Views

_VERSION: Final = 8
"""Characters of a digest that tell one state of the rules from another."""


def data_layer(pack: Pack, engine: Engine) -> Layer:
    """Finds data; `engine` has the patterns of the pack."""
    return Layer("data", pack.digest[:_VERSION], partial(_data, pack, engine))


def _data(pack: Pack, engine: Engine, text: str, views: Views, channel: Channel | None) -> Seen:
    del channel  # data are data whoever says them
    return Seen(data=tuple(_places(pack, engine, text, views)))


def _places(pack: Pack, engine: Engine, text: str, views: Views) -> Iterator[Place]:
    found = set()
    for each in data_in(pack, engine, text).found:
        found.add((each.detector, text[each.start : each.end]))
        yield Place(each.detector, each.data_class, each.start, each.end, each.score)
    for view in views.views:
        for each in data_in(pack, engine, view.text).found:
            value = each.detector, view.text[each.start : each.end]
            if value not in found:  # else it only stands there in another form
                found.add(value)
                start, end = view.source(each.start, each.end)
                yield Place(each.detector, each.data_class, start, end, each.score, view.how)
