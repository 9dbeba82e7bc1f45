"""Counts calls as they end: plain numbers that nobody looks at until they are scraped.

What a caller chose (a model, a path, a header) is never a label: whoever can make up labels can
make up as many as fill our memory and the monitoring's. A label is a word of this program or a name
that an administrator gave.
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from gatebook.core.clock import Clock
from gatebook.gateway.histogram import LOCAL_US, REMOTE_US, Histogram
from gatebook.gateway.passage import Passage
from gatebook.web.exchange import Exchange

NOT_RECORDED: Final = "not_recorded"
"""The ending of a call whose outcome is not in the book, so that its answer was withheld."""


Way = tuple[str, str, str, str]
"""Organization, provider, dialect and operation: calls that have them in common count together."""


class Traffic:
    """The calls of one way that have ended."""

    __slots__ = ("calls", "duration", "first_byte", "gate", "tokens_in", "tokens_out")

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}  # a Counter takes twice as long to count
        """By how they ended."""
        self.tokens_in = 0
        self.tokens_out = 0
        self.duration = Histogram(REMOTE_US)
        self.first_byte = Histogram(REMOTE_US)
        self.gate = Histogram(LOCAL_US)


class AgentTraffic(NamedTuple):
    """The calls of one agent that have ended."""

    calls: Counter[str]
    tokens: Counter[str]


class Meter:
    """Everything that is counted of calls in this process."""

    def __init__(self, clock: Clock, *, by_agent: bool) -> None:
        self._clock = clock
        self._by_agent = by_agent
        self._traffic: dict[Way, Traffic] = {}
        self._refusals: Counter[tuple[str, str, str]] = Counter()
        self._agents: dict[str, AgentTraffic] = {}
        self.ended = 0

    @property
    def traffic(self) -> Mapping[Way, Traffic]:
        """The calls that had an intent, by their way."""
        return MappingProxyType(self._traffic)

    @property
    def refusals(self) -> Mapping[tuple[str, str, str], int]:
        """The calls that were turned away, by organization, operation and code."""
        return MappingProxyType(self._refusals)

    @property
    def agents(self) -> Mapping[str, AgentTraffic]:
        """The calls that had an intent, by agent, if that is wanted."""
        return MappingProxyType(self._agents)

    def count(self, _exchange: Exchange, passage: Passage) -> None:
        """A request has ended, in whatever way."""
        self.ended += 1
        principal, gone = passage.principal, passage.way
        if passage.receipt is None:
            if passage.refusal:
                organization = principal.organization.slug if principal else ""
                self._refusals[organization, passage.operation, passage.refusal] += 1
        elif principal and gone:
            provider = gone.provider
            way = (principal.organization.slug, provider.name, provider.dialect, passage.operation)
            traffic = self._traffic.get(way)
            if traffic is None:
                traffic = self._traffic[way] = Traffic()
            self._add(traffic, passage)
            if self._by_agent:
                self._add_to_agent(principal.agent.id, passage)

    def _add(self, traffic: Traffic, passage: Passage) -> None:
        ending = _ending(passage)
        traffic.calls[ending] = traffic.calls.get(ending, 0) + 1
        traffic.tokens_in += passage.usage.tokens_in
        traffic.tokens_out += passage.usage.tokens_out
        began_us, read_us, sent_us, first_us, concluded_us = passage.times
        now_us = self._clock.monotonic_us()
        traffic.duration.add(now_us - began_us)
        if first_us:
            traffic.first_byte.add(first_us - sent_us)
        if sent_us and concluded_us:
            traffic.gate.add(now_us - read_us - (concluded_us - sent_us))

    def _add_to_agent(self, agent: str, passage: Passage) -> None:
        own = self._agents.setdefault(agent, AgentTraffic(Counter(), Counter()))
        own.calls[_ending(passage)] += 1
        own.tokens["in"] += passage.usage.tokens_in
        own.tokens["out"] += passage.usage.tokens_out


def _ending(passage: Passage) -> str:
    return NOT_RECORDED if passage.refusal == "audit_unavailable" else passage.ending
