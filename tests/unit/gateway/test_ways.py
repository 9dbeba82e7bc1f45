"""A call is fitted to the provider of each way anew, from what the agent sent."""

from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from gatebook.app.folders import dialects
from gatebook.formats import Call
from gatebook.gateway.ways import Ways
from gatebook.identity.directory import Provider
from gatebook.policy.resolve import Permit
from gatebook.policy.stops import Target
from tests.decisions import OPENAI
from tests.policies import asked, narrowed, permitted

LOCAL = replace(OPENAI, id="prv_2", name="local", base_url="http://127.0.0.1:11434/v1")
MISTRAL = replace(OPENAI, id="prv_3", name="mistral", base_url="https://api.mistral.ai/v1")
BODY = b'{"model":"gpt-4o","stream":true}'


def ways_of(
    *providers: Provider, stopped: tuple[str, ...] = (), sealed: tuple[Provider, ...] = ()
) -> tuple[Call, Permit, Ways]:
    """The ways of a streamed call that names no limit, and what they are made of."""
    what = asked(body=BODY, streamed=True, hides_usage=True)
    permit = permitted(narrowed(max_tokens=50), what, *providers)
    given: dict[str, Any] = {
        "breakers": SimpleNamespace(admit=lambda _key: True),
        "probes": None,
        "stopping": SimpleNamespace(permits=lambda target: target.provider not in stopped),
        "target": Target("org_1"),
        "snapshot": SimpleNamespace(
            directory=SimpleNamespace(fallbacks={}), opens=lambda provider: provider not in sealed
        ),
    }
    ways = Ways(**given, dialects=dialects(), call=what.call, at=what.at, permit=permit)
    return what.call, permit, ways


def test_each_provider_is_sent_the_members_that_it_knows() -> None:
    _, _, ways = ways_of(OPENAI, LOCAL, MISTRAL)
    bodies = [ways.first().call.body]
    while ways.has_another():
        bodies.append(ways.following().call.body)
    usage = b'"stream_options":{"include_usage":true},'
    rest = BODY[1:]
    assert bodies == [
        b'{"max_completion_tokens":50,' + usage + rest,
        b'{"max_tokens":50,' + usage + rest,
        b'{"max_tokens":50,' + rest,
    ]


def test_where_there_is_one_way_one_body_is_held() -> None:
    call, _, ways = ways_of(OPENAI)
    assert ways.call.body != call.body
    held = [each for each in vars(ways).values() if isinstance(each, Call)]
    assert {id(each.body) for each in held} == {id(ways.first().call.body)}


def test_ways_that_are_stopped_or_have_no_credential_are_left_out() -> None:
    _, _, ways = ways_of(OPENAI, LOCAL, MISTRAL, stopped=(OPENAI.id,), sealed=(LOCAL,))
    assert ways.first().provider == MISTRAL
    assert not ways.has_another()
