"""A call leaves as it is unless it is traced; then the provider hears of our span alone."""

from gatebook.core.ids import system_entropy
from gatebook.formats import Call
from gatebook.gateway.passage import Passage
from gatebook.gateway.telemetry import Telemetry
from gatebook.providers.openai import CHAT
from gatebook.web.exchange import Exchange
from tests.simulators.clock import NOON_US, SetClock
from tests.unit.gateway.test_ending import exchange
from tests.unit.gateway.test_snapshot import TOKEN, snapshot

ASKED = exchange([])
CALL = Call(
    operation=CHAT,
    path=CHAT.path,
    body=b"{}",
    headers=(("traceparent", "theirs"), ("Idempotency-Key", "1")),
)


class HandTrace:
    """Remembers how often it ended."""

    traceparent = "ours"

    def __init__(self) -> None:
        self.ends = 0

    def end(self, _exchange: Exchange, _passage: Passage) -> None:
        """See passage.Trace."""
        self.ends += 1


class Tracer:
    """Begins traces, and keeps them."""

    def __init__(self) -> None:
        self.begun: list[HandTrace] = []

    def begin(self, _exchange: Exchange, _passage: Passage) -> HandTrace:
        """See telemetry.BeginTrace."""
        self.begun.append(HandTrace())
        return self.begun[-1]


def passage(*, is_known: bool = True) -> Passage:
    made = Passage(SetClock(), system_entropy)
    made.principal = snapshot().identify(TOKEN, NOON_US) if is_known else None
    return made


def test_a_call_that_is_not_traced_leaves_as_it_is() -> None:
    assert Telemetry([]).outbound(CALL, ASKED, passage()) is CALL


def test_our_span_takes_the_place_of_the_agents() -> None:
    tracer, own = Tracer(), passage()
    telemetry = Telemetry([], tracer.begin)
    outbound = telemetry.outbound(CALL, ASKED, own)
    assert outbound.headers == (("Idempotency-Key", "1"), ("traceparent", "ours"))
    assert outbound.body is CALL.body
    telemetry.ended(ASKED, own)
    assert [trace.ends for trace in tracer.begun] == [1]


def test_a_call_that_never_left_is_traced_all_the_same_and_a_strangers_is_not() -> None:
    tracer, told = Tracer(), list[Passage]()
    telemetry = Telemetry([lambda _, each: told.append(each)], tracer.begin)
    known, stranger = passage(), passage(is_known=False)
    telemetry.ended(ASKED, known)
    telemetry.ended(ASKED, stranger)
    assert [trace.ends for trace in tracer.begun] == [1]
    assert told == [known, stranger]
