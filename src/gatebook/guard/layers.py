"""The layers of detection: each looks at a text as it stands and at what it may be read as."""

from typing import Final, NamedTuple

from gatebook.guard.data import data_in
from gatebook.guard.engine import Engine
from gatebook.guard.inspect import Layer, Place, Seen
from gatebook.guard.pack import Channel, Pack
from gatebook.guard.threats import Threats
from gatebook.guard.views import Views

_VERSION: Final = 8
"""Characters of a digest that tell one state of the rules from another."""
_SIGNALS: Final = 5
"""That are told of an attack; the model has its part beside them."""


def data_layer(pack: Pack, engine: Engine) -> Layer:
    """Finds data; `engine` has the patterns of the pack."""
    return Layer("data", pack.digest[:_VERSION], _Data(pack, engine).look)


def threat_layer(pack: Pack, engine: Engine, threats: Threats, version: str) -> Layer:
    """Scores texts; `engine` has the patterns of the pack, `version` is of model and weights."""
    named = f"{pack.digest[:_VERSION]}.{version[:_VERSION]}"
    return Layer("threats", named, _Threats(pack, engine, threats).look)


class _Data(NamedTuple):
    pack: Pack
    engine: Engine

    def look(self, text: str, views: Views, channel: Channel | None) -> Seen:
        """Data are data, whoever says them."""
        del channel
        said = data_in(self.pack, self.engine, text)
        is_complete = not said.unfinished
        places = [
            Place(each.detector, each.data_class, each.start, each.end, each.score)
            for each in said.found
        ]
        found = {(place.detector, text[place.start : place.end]) for place in places}
        for view in views.views:
            said = data_in(self.pack, self.engine, view.text)
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


class _Threats(NamedTuple):
    pack: Pack
    engine: Engine
    threats: Threats

    def look(self, text: str, views: Views, channel: Channel | None) -> Seen:
        """How much it looks like an attack; what the owner of the agent says is not judged."""
        if channel is None:
            return Seen()
        readings = [text, *[view.text for view in views.views]]
        texts = [each.encode("utf-8", "surrogatepass") for each in readings]
        numbers = {number for each in texts for number in self.engine.fired(each)}
        fired = {self.pack.patterns[number].rule for number in numbers}
        scored = self.threats.scored(channel, fired, texts)
        if scored.level == "none":
            return Seen()
        signals = self.pack.signals
        by = [each.part for each in scored.reasons if each.added > 0 and each.part in signals]
        told = self.threats.thresholds(channel).told(scored.score)
        return Seen(threat=(told, tuple(by[:_SIGNALS]), signals[by[0]][0] if by else "unnamed"))
