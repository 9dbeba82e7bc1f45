"""The layers of detection: each looks at a text as it stands and at what it may be read as."""

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
    said = data_in(pack, engine, text)
    is_complete = not said.unfinished
    places = [
        Place(each.detector, each.data_class, each.start, each.end, each.score)
        for each in said.found
    ]
    found = {(place.detector, text[place.start : place.end]) for place in places}
    for view in views.views:
        said = data_in(pack, engine, view.text)
        is_complete = is_complete and not said.unfinished
        for each in said.found:
            value = each.detector, view.text[each.start : each.end]
            if value not in found:  # else it only stands there in another form
                found.add(value)
                start, end = view.source(each.start, each.end)
                places.append(
                    Place(each.detector, each.data_class, start, end, each.score, view.how)
                )
    return Seen(tuple(places), is_complete)
