"""Looks at what an agent sends and gets, and says honestly what was looked at and by whom.

Strings that follow one another and have one origin are looked at as one text: a name stands beside
its value there, and a turn of a conversation that was seen before need not be looked at again.
"""

import logging
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import groupby
from threading import Lock
from typing import Final, Literal, NamedTuple

import msgspec

from gatebook.formats.content import Blind, Content, Origin, Span
from gatebook.guard.pack import Channel
from gatebook.guard.views import Views, views

_LOG = logging.getLogger(__name__)

_CHANNELS: Final[dict[Origin, Channel | None]] = {
    "system": None,
    "user": "user",
    "assistant": "reply",
    "arguments": "arguments",
    "tool": "tool",
    "document": "tool",
    "definition": "definition",
    "other": "user",
}
"""In which of them signals are looked for; not in what the agent's owner says: that is reviewed."""

BETWEEN: Final = "\n\x00\n"
"""Stands between strings of one text; no pattern goes over it."""
_REMEMBERED_BYTES: Final = 32 << 20
_ENTRY_BYTES: Final = 512
"""What remembering a text costs, about, beside its findings."""
_FINDING_BYTES: Final = 400


class Finding(NamedTuple):
    """Data that a detector found in a string."""

    detector: str
    data_class: str
    span: Span
    start: int
    end: int
    """In code points of the string; all of what was decoded, where it was found in that."""
    score: float
    view: tuple[str, ...] = ()
    """How it was decoded; empty: it stands there as it is."""


class Threat(NamedTuple):
    """How much a text looks like an attack, and by what."""

    origin: Origin
    score: float
    """From 0 to 1; at 0.5 it is flagged."""
    signals: tuple[str, ...]
    category: str
    """Of what counted most; empty if nothing did."""


class Inspection(msgspec.Struct, frozen=True):
    """What was looked at, by what, and what was found."""

    inspected_by: tuple[str, ...] = ()
    """Layers with their versions, as `data@4f1c2a90`; empty: nobody looked, which is not the same
    as nothing found."""
    failed: tuple[str, ...] = ()
    """Layers that should have looked and could not."""
    findings: tuple[Finding, ...] = ()
    threats: tuple[Threat, ...] = ()
    """Of each origin the one that counts most."""
    blind: tuple[Blind, ...] = ()
    """Parts that nobody can look into."""
    spans: int = 0
    size: int = 0
    """Strings, and their code points, that were looked at."""
    undecoded: int = 0
    """Texts of which not all was decoded or looked at, because it was too much."""

    @property
    def data_classes(self) -> tuple[str, ...]:
        """Which classes of data were found."""
        return tuple(sorted({finding.data_class for finding in self.findings}))


class Place(NamedTuple):
    """Data in a text, in code points of it."""

    detector: str
    data_class: str
    start: int
    end: int
    score: float
    view: tuple[str, ...] = ()


class Seen(NamedTuple):
    """What a layer says of one text: data with places in it, and how it looks otherwise."""

    data: tuple[Place, ...] = ()
    is_complete: bool = True
    """Whether it looked at everything that may be something."""
    threat: tuple[float, tuple[str, ...], str] | None = None


class Looked(NamedTuple):
    """What all layers say of one text, and whether they looked at all that is in it."""

    seen: tuple[Seen, ...]
    is_complete: bool


Look = Callable[[str, Views, Channel | None], Seen]
"""Looks at a text and at its views; the channel is None where only data are looked for."""


class Layer(NamedTuple):
    """One way of looking at texts, with its version."""

    name: Literal["data", "threats"]
    version: str
    look: Look


class Inspector:
    """All layers; may be asked by several threads."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = tuple(layers)
        self._remembered: OrderedDict[bytes, Looked] = OrderedDict()
        self._size = 0
        self._lock = Lock()
        """Over what is remembered."""

    def inspect(self, content: Content) -> Inspection:
        """What the layers say of a request or a whole reply."""
        findings: list[Finding] = []
        threats: dict[Origin, Threat] = {}
        failed: set[str] = set()
        size = undecoded = 0
        for origin, spans in groupby(content.spans, key=_origin):
            group = list(spans)
            text = BETWEEN.join([span.text for span in group])
            size += len(text)
            seen_by_all, is_complete = self.look(text, origin, failed)
            undecoded += not is_complete
            for seen in seen_by_all:
                if seen.data:
                    findings += _placed(seen.data, group)
                if seen.threat is not None:
                    threat = Threat(origin, *seen.threat)
                    threats[origin] = max(threats.get(origin, threat), threat, key=_score)
        return Inspection(
            inspected_by=self.by(failed),
            failed=tuple(sorted(failed)),
            findings=tuple(findings),
            threats=tuple(threats.values()),
            blind=tuple(content.blind),
            spans=len(content.spans),
            size=size,
            undecoded=undecoded,
        )

    def data(self, text: str, failed: set[str]) -> tuple[Place, ...]:
        """Data in a part of a text that is still coming, of which nothing is remembered."""
        read = views(text)
        places: list[Place] = []
        for layer in self._layers:
            if layer.name == "data":
                seen = self._by(layer, text, read, None, failed)
                places += seen.data if seen else ()
        return tuple(places)

    def by(self, failed: Collection[str]) -> tuple[str, ...]:
        """The layers but those that failed, with their versions."""
        looked = [layer for layer in self._layers if layer.name not in failed]
        return tuple([f"{layer.name}@{layer.version}" for layer in looked])

    def look(self, text: str, origin: Origin, failed: set[str]) -> Looked:
        """What each layer says of a text; one that cannot is put down in `failed`."""
        key = blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=20, key=origin.encode()
        ).digest()
        with self._lock:
            remembered = self._remembered.get(key)
            if remembered is not None:
                self._remembered.move_to_end(key)
                return remembered
        said: list[Seen] = []
        read = views(text)
        for layer in self._layers:
            seen = self._by(layer, text, read, _CHANNELS[origin], failed)
            if seen is not None:
                said.append(seen)
        is_complete = read.is_complete and all(each.is_complete for each in said)
        looked = Looked(tuple(said), is_complete)
        if len(said) == len(self._layers):
            self._remember(key, looked)
        return looked

    def _by(
        self, layer: Layer, text: str, read: Views, channel: Channel | None, failed: set[str]
    ) -> Seen | None:
        try:
            return layer.look(text, read, channel)
        except Exception:  # whatever it is, policy decides what becomes of the call
            _LOG.exception("%s could not look at a text", layer.name)
            failed.add(layer.name)
            return None

    def _remember(self, key: bytes, seen: Looked) -> None:
        with self._lock:
            if key not in self._remembered:
                self._size += _size_of(seen)
            self._remembered[key] = seen
            while self._size > _REMEMBERED_BYTES:
                _, oldest = self._remembered.popitem(last=False)
                self._size -= _size_of(oldest)


def _placed(data: Iterable[Place], spans: Sequence[Span]) -> Iterator[Finding]:
    """Data found in the text of several strings, in each string that it reaches into."""
    starts, at = [], 0
    for span in spans:
        starts.append(at)
        at += len(span.text) + len(BETWEEN)
    for place in data:
        first = bisect_right(starts, place.start) - 1
        for number in range(first, len(spans)):
            start = max(0, place.start - starts[number])
            end = min(len(spans[number].text), place.end - starts[number])
            if end <= 0:
                break
            if start < end:
                yield Finding(
                    place.detector,
                    place.data_class,
                    spans[number],
                    start,
                    end,
                    place.score,
                    place.view,
                )


def _origin(span: Span) -> Origin:
    return span.origin


def _score(threat: Threat) -> float:
    return threat.score


def _size_of(looked: Looked) -> int:
    """What it takes to remember this, about."""
    return _ENTRY_BYTES + sum([len(each.data) * _FINDING_BYTES for each in looked.seen])
