"""What is known of a call on its way, and nothing that was said in it."""

from gatebook.core.ids import system_entropy
from gatebook.formats import Call
from gatebook.gateway.passage import Passage, Times
from gatebook.providers.openai import CHAT
from tests.simulators.clock import SetClock
from tests.unit.gateway.test_book import receipts


def test_a_passage_does_not_keep_the_body_that_came_in() -> None:
    """The ledger may answer long after the call has ended and its body no longer counts as held."""
    passage = Passage(SetClock(), system_entropy)
    call = Call(operation=CHAT, path=CHAT.path, model="gpt-4o", streamed=True, body=b"x" * 100)
    passage.came_in(call)
    assert (passage.asked, passage.model, passage.streamed) == (CHAT, "gpt-4o", True)
    assert not {id(call), id(call.body)} & {id(value) for value in vars(passage).values()}


def test_times_are_those_of_the_steps_that_were_taken() -> None:
    clock = SetClock()
    clock.advance(1)
    passage = Passage(clock, system_entropy)
    assert passage.times == Times(1_000_000, 0, 0, 0, 0)
    clock.advance(1)
    passage.came_in(Call(operation=CHAT, path=CHAT.path))
    passage.sent()
    clock.advance(1)
    passage.answered(200)
    assert passage.times == Times(1_000_000, 2_000_000, 2_000_000, 3_000_000, 0)


def test_the_entry_that_stands_for_a_call_is_its_intent_or_its_refusal() -> None:
    passage = Passage(SetClock(), system_entropy)
    assert passage.reference == ""
    passage.turned_away("model_not_allowed", "s.7")
    assert (passage.refusal, passage.reference) == ("model_not_allowed", "s.7")
    (passage.receipt,) = receipts()
    assert passage.reference == passage.receipt.reference
