"""A call is fitted to the provider of each way anew, from what the agent sent."""

import json
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from gatebook.app.folders import dialects
from gatebook.formats import Call
from gatebook.gateway.ways import Way, Ways
from gatebook.identity.directory import Fallback, Provider
from gatebook.policy.resolve import Permit
from gatebook.policy.stops import Target
from gatebook.providers.anthropic import MESSAGES
from gatebook.providers.bedrock import CONVERSE
from tests.decisions import OPENAI
from tests.policies import Asked, asked, narrowed, permitted

LOCAL = replace(OPENAI, id="prv_2", name="local", base_url="http://127.0.0.1:11434/v1")
MISTRAL = replace(OPENAI, id="prv_3", name="mistral", base_url="https://api.mistral.ai/v1")
CALL = Call(operation=CONVERSE, path="/p", model="amazon.nova-v1", body=b'{"messages":[]}')
BODY = b'{"model":"gpt-4o","stream":true}'


def ways_of(
    *providers: Provider, stopped: tuple[str, ...] = (), sealed: tuple[Provider, ...] = ()
) -> tuple[Call, Permit, Ways]:
    """The ways of a streamed call that names no limit, and what they are made of."""
    what = asked(body=BODY, streamed=True, hides_usage=True)
    permit = permitted(narrowed(max_tokens=50), what, *providers)
    return what.call, permit, ways(what, permit, stopped=stopped, sealed=sealed)


def ways(
    what: Asked,
    permit: Permit,
    *fallbacks: Provider,
    target: str = "",
    stopped: tuple[str, ...] = (),
    sealed: tuple[Provider, ...] = (),
) -> Ways:
    """The ways of a call, with fallbacks of all models to these providers."""
    directory = SimpleNamespace(
        fallbacks={
            each.id: Fallback(
                id=each.id,
                organization_id="org_1",
                model="*",
                provider_id=each.id,
                target=target,
                created_at=0,
            )
            for each in fallbacks
        },
        providers={each.id: each for each in fallbacks},
    )
    given: dict[str, Any] = {
        "breakers": SimpleNamespace(admit=lambda _key: True),
        "probes": None,
        "stopping": SimpleNamespace(permits=lambda target: target.provider not in stopped),
        "target": Target("org_1"),
        "snapshot": SimpleNamespace(
            directory=directory, opens=lambda provider: provider not in sealed
        ),
    }
    return Ways(**given, dialects=dialects(), call=what.call, at=what.at, permit=permit)


def walked(found: Ways) -> list[Way]:
    """All ways, each after the one before was given up."""
    passed = []
    for way in found:
        passed.append(way)
        found.has_another()
    return passed


def test_each_provider_is_sent_the_members_that_it_knows() -> None:
    _, _, found = ways_of(OPENAI, LOCAL, MISTRAL)
    bodies = [way.call.body for way in walked(found)]
    usage = b'"stream_options":{"include_usage":true},'
    rest = BODY[1:]
    assert bodies == [
        b'{"max_completion_tokens":50,' + usage + rest,
        b'{"max_tokens":50,' + usage + rest,
        b'{"max_tokens":50,' + rest,
    ]


def test_a_limit_by_the_newer_name_is_sent_by_the_one_that_the_provider_knows() -> None:
    body = b'{"model":"gpt-4o","max_completion_tokens":7}'
    what = asked(body=body, max_tokens=7)
    found = ways(what, permitted(narrowed(max_tokens=50), what, OPENAI, LOCAL))
    bodies = [way.call.body for way in walked(found)]
    assert bodies == [body, b'{"max_tokens":7,' + body[1:]]


def test_a_translated_call_is_fitted_to_its_provider_like_any_other() -> None:
    body = (
        b'{"model":"claude-opus-5-5","max_tokens":9,"stream":true,'
        b'"messages":[{"role":"user","content":"hi"}]}'
    )
    call = MESSAGES.format.read(Call(operation=MESSAGES, path=MESSAGES.path, body=body))
    what = Asked(call, asked().at)
    claude = replace(OPENAI, id="prv_4", dialect="anthropic", base_url="https://api.anthropic.com")
    permit = permitted(narrowed(models=("*",)), what, claude, LOCAL, MISTRAL)
    found = ways(what, permit, LOCAL, MISTRAL)
    sent = [json.loads(way.call.body) for way in walked(found)[1:]]
    said = {
        "model": "claude-opus-5-5",
        "max_tokens": 9,
        "stream": True,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }
    assert sent == [{**said, "stream_options": {"include_usage": True}}, said]


def test_what_follows_from_the_name_of_a_model_is_seen_of_that_of_a_fallback() -> None:
    what = Asked(CONVERSE.format.read(CALL), asked().at)
    near = replace(OPENAI, id="prv_5", dialect="bedrock", region="eu-central-1")
    permit = permitted(narrowed(models=("*",), regions=("eu-*",)), what, near)
    for target, is_found in (("eu.amazon.nova-v1", True), ("us.amazon.nova-v1", False)):
        assert ways(what, permit, near, target=target).has_another() is is_found


def test_where_there_is_one_way_one_body_is_held() -> None:
    call, _, found = ways_of(OPENAI)
    assert found.call.body != call.body
    held = [each for each in vars(found).values() if isinstance(each, Call)]
    assert {id(each.body) for each in held} == {id(next(iter(found)).call.body)}


def test_ways_that_are_stopped_or_have_no_credential_are_left_out() -> None:
    _, _, found = ways_of(OPENAI, LOCAL, MISTRAL, stopped=(OPENAI.id,), sealed=(LOCAL,))
    assert [way.provider for way in walked(found)] == [MISTRAL]
