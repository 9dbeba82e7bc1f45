"""What is said in a body: every string in it, by whom, and the parts that nobody can look into.

A `Rule` says of one place in a body what stands there; `grammar.py` has those of all formats. The
walk follows the rules and counts every string, so that nothing passes unseen: what no rule knows is
a span all the same, of the origin "other". Only what vendors publish (`names.py`) is left out.
"""

import math
from collections.abc import Iterator, Mapping
from copy import copy
from itertools import repeat
from typing import Any, Final, Literal, NamedTuple

import msgspec

from gatebook.core import json_strings, json_text
from gatebook.core.errors import Invalid
from gatebook.core.json_strings import WHOLE
from gatebook.formats.names import NAMES, WORD_MEMBERS, WORDS
from gatebook.formats.opaque import Kind, is_inline, is_link, opened

Origin = Literal[
    "system", "user", "assistant", "arguments", "tool", "document", "definition", "other"
]
"""Who a text comes from: `arguments` are those a model calls a tool with, a `definition` is of what
may be called or answered, a `document` was retrieved."""
Source = Origin | Literal[""]

How = Literal["text", "signed", "word", "json", "sealed", "data", "link", "held", "tokens"]
"""What a string is: text; text that the vendor signed; a word, if it is one the vendor knows; JSON;
sealed by the vendor; data; an address; the name of what the vendor holds; tokens by their numbers,
if it is no text."""

MAX_VALUES: Final = 100_000
"""Strings, objects and arrays in a body, so that it is read in a tenth of a second."""
MAX_VALUES_IN_REPLY: Final = 1_000_000
"""Nobody sends one to keep us busy, and some tell twenty likelihoods with every token."""
_OPENED: Final = 10
"""For how many of them a string counts that is opened itself."""
_TELLING: Final = 10**6
"""From here on, a number may be one of a card or a person."""
_EXACT: Final = 2**53
_LONG: Final = 10**11
"""From here on, it may be one also where vendors have numbers of their own, such as times."""


class Span(NamedTuple):
    """A text: `at` is its number among the strings of the body, `inner` that in a string of JSON.

    One that `is_fixed` was decoded, is a number or signed: no other text can be put in its place.
    """

    text: str
    origin: Origin
    at: int
    inner: int = WHOLE
    is_fixed: bool = False


class Blind(NamedTuple):
    """A part that nobody can look into as text, and its size in bytes, or its count of tokens."""

    kind: Kind
    origin: Origin
    at: int
    size: int


class Content(NamedTuple):
    """All that is said in a body."""

    spans: list[Span]
    blind: list[Blind]


class Rule:
    """What stands in one place of a body, and below it.

    Without an `origin`, it is from where all around it is. Among `members` and `kinds`, an origin
    stands for this rule again, for what is from there. Members that are not listed have the rule
    `rest`; `by` names members of an object whose values tell its kind.
    """

    __slots__ = ("by", "how", "kind", "kinds", "lane", "members", "origin", "rest")

    def __init__(
        self,
        origin: Source = "",
        how: How = "text",
        *,
        kind: Kind = "file",
        lane: str = "",
        members: "Mapping[str, Rule | Source] | None" = None,
        rest: "Rule | None" = None,
        by: tuple[str, ...] = (),
        kinds: "Mapping[str | bool, Rule | Source] | None" = None,
    ) -> None:
        self.origin = origin
        self.how = how
        self.kind = kind
        self.lane = lane
        self.by = by
        self.rest: Rule = rest or (OTHER if members else self)
        self.members: dict[str, Rule] = {}
        self.kinds: dict[str | bool, Rule] = {}
        for name, member in (members or {}).items():
            self.members[name] = self._again(member)
        for value, ruled in (kinds or {}).items():
            self.kinds[value] = self._again(ruled)

    def of(
        self, origin: Source, *, by: str = "", kinds: "Mapping[str | bool, Source] | None" = None
    ) -> "Rule":
        """This rule for what is from there, where one more member tells kinds."""
        rule = copy(self)
        rule.origin = origin
        if by:
            told = {value: self.of(origin) for value, origin in (kinds or {}).items()}
            rule.by, rule.kinds = (by, *self.by), {**self.kinds, **told}
        return rule

    def _again(self, rule: "Rule | Source") -> "Rule":
        if isinstance(rule, Rule):
            return rule
        return self.of(rule) if rule else self


OTHER: Final = Rule("other", "word")
TEXT: Final = Rule()

_Frame = tuple[Iterator[tuple[str | None, Any]], Rule, Origin, Any]
_JSON: Final = msgspec.json.Decoder()
_NESTED: Final = frozenset((str, dict, list))


def content(body: bytes, rule: Rule, most: int = MAX_VALUES) -> Content:
    """What is said in a body; raises Invalid, also for a member that is there twice anywhere."""
    walk = Walk(most)
    walk.take_all(body, rule)
    return Content(walk.spans, walk.blind)


class Walk:
    """One walk over a body, in the order of its text."""

    def __init__(self, left: int = MAX_VALUES, *, within: int | None = None) -> None:
        """`within` is the number of the string that holds what is walked over, if one does."""
        self._within = within
        self.spans: list[Span] = []
        self.blind: list[Blind] = []
        self.left = left
        """How many strings, objects and arrays there may still be."""
        self._strings = 0
        self._stack: list[_Frame] = []

    def take_all(self, body: bytes, rule: Rule, origin: Origin = "other") -> None:
        """All that is in a body; raises Invalid unless it can be read in one way only."""
        strings = json_strings.count(body)
        self._spend(strings)
        if body.count(b"[") + body.count(b"{") > self.left:
            self._spend(json_strings.containers(body))
        self._follow(json_text.decode(_JSON, body), rule, rule.origin or origin)
        if strings != self._strings:
            raise json_text.twice()

    def _spend(self, values: int) -> None:
        self.left -= values
        if self.left < 0:
            raise _too_many()

    def _follow(self, body: Any, rule: Rule, origin: Origin) -> None:
        stack = self._stack
        stack.append((iter(((None, body),)), rule, origin, None))
        while stack:
            members, rule, origin, _ = stack[-1]
            for name, value in members:
                ruled = rule
                if name is not None:
                    known = rule.members.get(name)
                    if known is None and name not in NAMES:
                        self._say(name, origin, self._strings, TEXT)
                    ruled = known or rule.rest
                    self._strings += 1
                kind = type(value)
                if kind is str:
                    if value:
                        self._take_string(value, ruled, ruled.origin or origin, name)
                    self._strings += 1
                elif value and (kind is dict or kind is list):
                    stack.append(self._entered(value, ruled, ruled.origin or origin))
                    break
                elif kind is int or kind is float:
                    self._take_number(value, ruled, ruled.origin or origin)
            else:
                stack.pop()

    def _entered(self, value: Any, rule: Rule, origin: Origin) -> _Frame:
        """What is in an object or an array."""
        self._spend(1)
        if rule.how == "tokens" and (type(value) is dict or int in map(type, value)):
            self.blind.append(Blind("tokens", origin, self._strings - 1, len(value)))
        if type(value) is list:
            return zip(repeat(None), self._looked_at(value, rule)), rule, origin, value
        kinds = rule.kinds
        for name in rule.by:
            kind = value.get(name)
            found = kinds.get(kind) if type(kind) is str or kind is True else None
            if found is not None:
                rule, origin = found, found.origin or origin
        return iter(value.items()), rule, origin, value

    def _looked_at(self, array: list[Any], rule: Rule) -> list[Any]:
        """What of an array is looked at, where most of it may be small numbers."""
        if type(array[0]) in _NESTED or not _NESTED.isdisjoint(map(type, array)):
            return array
        if rule.how != "text":
            return []
        numbers = [value for value in array if type(value) is int]
        found = [value for value in numbers if not -_TELLING < value < _TELLING]
        self._spend(len(found))
        return found

    def _take_number(self, number: float, rule: Rule, origin: Origin) -> None:
        """A whole number, at the string before it."""
        if type(number) is float and abs(number) >= _EXACT:
            return
        least = _TELLING if rule.how == "text" else _LONG if rule.how == "word" else math.inf
        if abs(number) >= least and number == (whole := int(number)):
            self._say(str(whole), origin, self._strings - 1, TEXT, is_fixed=True)

    def _take_string(self, text: str, rule: Rule, origin: Origin, name: str | None) -> None:
        match rule.how:
            case "text" | "tokens":
                self._say(text, origin, self._strings, rule, name)
            case "signed":
                self._say(text, origin, self._strings, rule, name, is_fixed=True)
            case "word":
                if name not in WORD_MEMBERS or text not in WORDS:
                    self._say(text, origin, self._strings, rule, name)
            case "json":
                self._take_json(text, rule, origin)
            case "sealed":
                self._hide("encrypted", origin, text)
            case _:
                self._take_hidden(text, rule, origin, name)

    def _take_json(self, text: str, rule: Rule, origin: Origin) -> None:
        """A string that holds JSON; what cannot be read in one way is taken as it stands."""
        self._spend(_OPENED)
        walk = Walk(self.left, within=self._strings)
        try:
            walk.take_all(text.encode(), TEXT, origin)
        except Invalid:
            walk.spans.clear()
        self.left = walk.left
        self._spend(0)
        self._add(walk.spans)
        if not walk.spans:
            self._say(text, origin, self._strings, rule)

    def _take_hidden(self, text: str, rule: Rule, origin: Origin, name: str | None) -> None:
        """The name of what the vendor holds, an address, or data in base64, which may be text."""
        if rule.how == "held":
            self._say(text, origin, self._strings, rule, name)
            self._hide(rule.kind, origin, text)
            return
        if is_link(text) or (rule.how == "link" and not is_inline(text)):
            self._say(text, origin, self._strings, rule)
            self._hide("link", origin, text)
            return
        self._spend(_OPENED)
        found, kind = opened(text, rule.kind)
        if found is None and kind is None:
            self._say(text, origin, self._strings, rule)
            kind = rule.kind
        elif found:
            self._say(found, origin, self._strings, rule, is_fixed=True)
        if kind is not None:
            self._hide(kind, origin, text)

    def _hide(self, kind: Kind, origin: Origin, text: str) -> None:
        self.blind.append(Blind(kind, origin, self._strings, len(text)))

    def _say(
        self,
        text: str,
        origin: Origin,
        at: int,
        rule: Rule,
        name: str | None = None,
        *,
        is_fixed: bool = False,
    ) -> None:
        """Add a span; `rule` and `name` tell its lane, where there are lanes."""
        del rule, name
        number, inner = (at, WHOLE) if self._within is None else (self._within, at)
        self.spans.append(Span(text, origin, number, inner, is_fixed))

    def _add(self, spans: list[Span]) -> None:
        self.spans += spans


def _too_many() -> Invalid:
    return Invalid(
        "json_too_many_values",
        "JSON has too many strings, objects and arrays.",
        "Send it in several calls.",
    )
