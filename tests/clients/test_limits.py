"""What the unmodified packages make of a limit that is reached, and how often they send."""

from concurrent.futures import ThreadPoolExecutor

import anthropic
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from gatebook.core.secret import Secret
from tests.functional.test_limits import bind
from tests.gates import PROVIDER_KEY, RunningGate, chat, eventually


@pytest.fixture
def gate(sqlite_gate: RunningGate) -> RunningGate:
    """A gate that also has a provider for Anthropic's dialect."""
    sqlite_gate.office.order(
        "add_provider",
        provider="claude",
        dialect="anthropic",
        key=Secret(PROVIDER_KEY),
        base_url=sqlite_gate.vendor_url,
    )
    sqlite_gate.office.order("set_price", model="*", input="1", output="2")
    return sqlite_gate


def ask_openai(gate: RunningGate, retries: int = 2) -> None:
    with OpenAI(base_url=gate.base_url, api_key=gate.key, max_retries=retries) as client:
        client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "hi"}], max_tokens=100
        )


def ask_anthropic(gate: RunningGate, retries: int = 2) -> None:
    url = gate.base_url.removesuffix("/v1")
    with Anthropic(base_url=url, api_key=gate.key, max_retries=retries) as client:
        client.messages.create(
            model="claude-haiku-5-5",
            messages=[{"role": "user", "content": "hi"}],
            max_tokens=100,
        )


def test_openai_waits_and_repeats_where_a_rate_is_reached(gate: RunningGate) -> None:
    bind(gate, "1concurrent", price=False)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(gate.ask, chat("sim-slow-0.7"))
        eventually(lambda: len(gate.provider.seen) == 1)
        ask_openai(gate, retries=5)
        assert slow.result().status_code == 200
    (refusal,) = gate.facts("call.refused")
    assert refusal["code"] == "rate_limit_exceeded"
    assert gate.requests >= 3


def test_anthropic_names_a_rate_what_it_is(gate: RunningGate) -> None:
    bind(gate, "1requests/minute", price=False)
    ask_anthropic(gate)
    with pytest.raises(anthropic.RateLimitError) as raised:
        ask_anthropic(gate, retries=0)
    assert raised.value.type == "rate_limit_error"


def test_a_missing_price_is_a_matter_of_permission(gate: RunningGate) -> None:
    gate.office.order("remove_price", model="*")
    bind(gate, "1usd/month", price=False)
    with pytest.raises(openai.PermissionDeniedError) as raised:
        ask_openai(gate)
    assert raised.value.code == "price_unknown"
    assert gate.requests == 1
