"""The unmodified packages of the vendors when what they call is stopped.

A stream that is cut ends for them as one that a filter of content ended, without an exception; a
call that is cut or comes too late raises what a missing permission does, and is not sent again.
"""

import time
from collections.abc import Iterator
from threading import Thread

import anthropic
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.clients.test_anthropic import CREDENTIAL, HI as MESSAGES, address
from tests.clients.test_openai import HI
from tests.gates import RunningGate, eventually, with_provider


@pytest.fixture
def gate(sqlite_gate: RunningGate) -> RunningGate:
    """A gate with a provider for each of them."""
    return with_provider(sqlite_gate, "anthropic", CREDENTIAL)


@pytest.fixture
def gpt(gate: RunningGate) -> Iterator[OpenAI]:
    """OpenAI's, as its documentation sets it up."""
    with OpenAI(base_url=gate.base_url, api_key=gate.key) as opened:
        yield opened


@pytest.fixture
def claude(gate: RunningGate) -> Iterator[Anthropic]:
    """Anthropic's, as its documentation sets it up."""
    with Anthropic(base_url=address(gate), api_key=gate.key) as opened:
        yield opened


def stop_soon(gate: RunningGate) -> None:
    """Stop the agent while its call is under way, and what the provider says at first is there."""

    def stop() -> None:
        eventually(lambda: bool(gate.provider.seen))
        time.sleep(0.2)
        gate.engage("agent", "bot")

    Thread(target=stop).start()


def test_a_stream_of_chat_completions_ends_by_a_content_filter(
    gpt: OpenAI, gate: RunningGate
) -> None:
    stop_soon(gate)
    stream = gpt.chat.completions.create(model="sim-silent", messages=HI, stream=True)
    chunks = list(stream)
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 3 + ["content_filter"]
    assert {(chunk.id, chunk.model, chunk.created) for chunk in chunks} == {
        (chunks[0].id, "sim-silent", chunks[0].created)
    }
    assert gate.ending() == "stopped"
    assert gate.requests == 1


def test_a_stream_of_several_choices_ends_each_of_them(gpt: OpenAI, gate: RunningGate) -> None:
    stop_soon(gate)
    with gpt.chat.completions.stream(model="sim-silent", messages=HI, n=2) as stream:
        for _ in stream:
            pass
        snapshot = stream.current_completion_snapshot
    assert [choice.finish_reason for choice in snapshot.choices] == ["content_filter"]


def test_a_stream_of_responses_ends_incomplete(gpt: OpenAI, gate: RunningGate) -> None:
    stop_soon(gate)
    stream = gpt.responses.create(model="sim-silent", input="hi", stream=True)
    *_, last = list(stream)
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == "content_filter"
    assert gate.ending() == "stopped"


def test_a_stream_of_messages_ends_by_a_refusal(claude: Anthropic, gate: RunningGate) -> None:
    stop_soon(gate)
    with claude.messages.stream(model="sim-silent", max_tokens=9, messages=MESSAGES) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_message()
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert message.stop_reason == "refusal"
    assert message.model == "sim-silent"
    assert gate.ending() == "stopped"
    assert gate.requests == 1


def test_a_whole_call_raises_and_is_not_sent_again(
    gpt: OpenAI, claude: Anthropic, gate: RunningGate
) -> None:
    stop_soon(gate)
    with pytest.raises(openai.PermissionDeniedError) as caught:
        gpt.chat.completions.create(model="sim-slow-30", messages=HI)
    assert (caught.value.code, caught.value.type) == ("stopped", "permission_error")
    with pytest.raises(anthropic.PermissionDeniedError) as told:
        claude.messages.create(model="claude-haiku-5-5", max_tokens=9, messages=MESSAGES)
    assert told.value.type == "permission_error"
    assert "The agent bot is stopped." in told.value.message
    assert gate.requests == 2


def test_an_agent_in_quarantine_is_told_so(gpt: OpenAI, gate: RunningGate) -> None:
    gate.engage("quarantine", "bot")
    with pytest.raises(openai.PermissionDeniedError) as caught:
        gpt.chat.completions.create(model="gpt-4o", messages=HI, stream=True)
    assert caught.value.code == "agent_quarantined"
    assert gate.requests == 1
