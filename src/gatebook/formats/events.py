"""What is said in the events of a streamed reply, of which many go on with one text."""

from typing import Final, NamedTuple

from gatebook.formats.content import OTHER, Blind, Origin, Rule, Span, Walk

_INDEXES: Final = (
    *("index", "output_index", "content_index", "summary_index", "contentBlockIndex"),
    *("annotation_index", "partial_image_index"),
)
_ALONE: Final = frozenset(
    (
        *("id", "item_id", "model", "object", "obfuscation", "p", "responseId", "modelVersion"),
        *("system_fingerprint", "service_tier", "type"),
    )
)
"""Members of events that no rule knows and whose text is never continued by the next event."""
_NO_JSON: Final = (b"", b"[DONE]")
"""What stands in events in place of JSON."""


class Piece(NamedTuple):
    """A text in an event of a stream.

    The pieces of one lane are one text, in the order in which they come; in the lane "" each is a
    text by itself. What no rule knows has lanes that begin with "other".
    """

    lane: str
    span: Span


class Pieces(NamedTuple):
    """All that is said in an event."""

    pieces: list[Piece]
    blind: list[Blind]


class EventReader:
    """Reads the events of one stream by a rule."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def read(self, data: bytes) -> Pieces:
        """All that is said in an event with these data; raises Invalid as `content` does."""
        if data.strip() in _NO_JSON:
            return Pieces([], [])
        walk = _EventWalk()
        walk.take_all(data, self._rule)
        return Pieces(list(map(Piece, walk.lanes, walk.spans)), walk.blind)


class _EventWalk(Walk):
    """A walk over an event, which notes the lane of each span."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: list[str] = []

    def _say(
        self,
        text: str,
        origin: Origin,
        rule: Rule,
        name: str | None = None,
        *,
        is_fixed: bool = False,
    ) -> None:
        super()._say(text, origin, rule, name, is_fixed=is_fixed)
        self.lanes.append(self._lane(rule, name))

    def _add(self, spans: list[Span]) -> None:
        super()._add(spans)
        self.lanes += [""] * len(spans)

    def _lane(self, rule: Rule, name: str | None) -> str:
        """The name that a rule gives it, behind the indexes of all that it stands in."""
        if not rule.lane and (rule is not OTHER or name in _ALONE):
            return ""
        around = [held for *_, held in self._stack if type(held) is dict]
        steps = [str(held[index]) for held in around for index in _INDEXES if index in held]
        if rule.lane:
            return ".".join([*steps, rule.lane])
        kind = around[0].get("type") if around else None
        return ".".join(["other", str(kind or ""), *steps, name or ""])
