"""Times of a call are told apart, and what is counted of it is bounded."""

from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.core.ids import system_entropy
from gatebook.formats import Call, Terms, Usage
from gatebook.gateway.meter import NOT_RECORDED, Meter, Traffic
from gatebook.gateway.passage import Passage
from gatebook.gateway.ways import Way
from gatebook.policy.resolve import Permit
from gatebook.policy.stops import Target
from gatebook.providers.openai import CHAT
from tests.recorder import LOG
from tests.simulators.clock import SetClock
from tests.unit.gateway.test_book import receipts
from tests.unit.gateway.test_ending import exchange
from tests.unit.gateway.test_snapshot import TOKEN, snapshot

WAY = ("acme", "", "openai", "chat.completions")
ASKED = exchange([])


class Desk:
    """A meter, and calls that take as long as they are said to."""

    def __init__(self, *, by_agent: bool = False) -> None:
        self.clock = SetClock()
        self.meter = Meter(self.clock, by_agent=by_agent)
        self.state = snapshot()

    def call(self, model: str = "gpt-4o") -> Passage:
        """A call that came in within 2 s, waited 3 s for the book, and took 5 s out there."""
        passage = Passage(self.clock, system_entropy)
        passage.operation = CHAT.name
        self.clock.advance(2)
        call = Call(operation=CHAT, path=CHAT.path, model=model, body=b"{}")
        passage.came_in(call)
        passage.principal = principal = self.state.identify(TOKEN, self.clock.now_us())
        passage.log, passage.key = LOG, self.state.commitment_key("org")
        policy = self.state.policies.of(principal)
        provider = self.state.directory.providers["prv"]
        permit = Permit(providers=(provider,), terms=Terms(), rule="x", policy=policy)
        passage.intended(Way(call, permit, 0, Target.of(principal)), call, principal)
        self.clock.advance(3)
        (passage.receipt,) = receipts()
        passage.sent()
        self.clock.advance(1)
        passage.answered(200)
        self.clock.advance(4)
        passage.usage = Usage(tokens_in=7, tokens_out=9)
        return passage

    def traffic(self) -> Traffic:
        """What was counted of the only way there is."""
        ((way, traffic),) = self.meter.traffic.items()
        assert way == WAY
        return traffic


def test_the_gates_own_time_is_neither_the_agents_nor_the_providers() -> None:
    desk = Desk()
    passage = desk.call()
    assert passage.receipt
    passage.conclude(passage.receipt)
    desk.clock.advance(6)
    desk.meter.count(ASKED, passage)
    traffic = desk.traffic()
    assert traffic.duration.total_us == (2 + 3 + 5 + 6) * 1_000_000
    assert traffic.first_byte.total_us == 1_000_000
    assert traffic.gate.total_us == (3 + 6) * 1_000_000
    assert (traffic.tokens_in, traffic.tokens_out) == (7, 9)
    assert traffic.calls == {"complete": 1}
    assert desk.meter.refusals == {}
    assert desk.meter.agents == {}


@pytest.mark.parametrize(
    ("ending", "refusal", "counted"),
    [
        ("client_disconnected", "", "client_disconnected"),
        ("upstream_timeout", "upstream_timeout", "upstream_timeout"),
        ("", "audit_unavailable", NOT_RECORDED),
    ],
)
def test_a_call_that_was_out_is_counted_by_how_it_ended(
    ending: str, refusal: str, counted: str
) -> None:
    desk = Desk(by_agent=True)
    passage = desk.call()
    assert passage.receipt
    passage.conclude(passage.receipt, ending)
    if refusal:
        passage.turned_away(refusal, "s.1")
    desk.meter.count(ASKED, passage)
    assert desk.traffic().calls == desk.meter.agents["agt"].calls == {counted: 1}
    assert desk.meter.agents["agt"].tokens == {"in": 7, "out": 9}


def test_a_call_that_never_left_is_a_refusal_and_takes_no_time() -> None:
    desk = Desk()
    known, stranger, gone = (Passage(desk.clock, system_entropy) for _ in range(3))
    known.principal = desk.state.identify(TOKEN, desk.clock.now_us())
    known.operation = CHAT.name
    known.turned_away("model_not_allowed", "s.1")
    stranger.turned_away("invalid_api_key", "")
    for passage in (known, known, stranger, gone):
        desk.meter.count(ASKED, passage)
    assert desk.meter.ended == 4
    assert desk.meter.traffic == {}
    assert desk.meter.refusals == {
        ("acme", "chat.completions", "model_not_allowed"): 2,
        ("", "", "invalid_api_key"): 1,
    }


def test_models_make_no_series_and_providers_of_one_name_share_theirs() -> None:
    """A provider that was removed and added again must not give Prometheus one series twice."""
    desk = Desk()
    for number in range(3):
        passage = desk.call(f"model-{number}")
        assert passage.way
        again: Any = replace(passage.way.provider, id=f"prv_{number}")
        permit = replace(passage.way.permit, providers=(again,))
        passage.way = passage.way._replace(permit=permit)
        desk.meter.count(ASKED, passage)
    assert desk.traffic().calls == {"complete": 3}
